/** The image of the operator, with the command line an admin uses in the cluster, made without a registry and without a daemon. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageRoot } from '../contract/pod.ts';
import { notices } from '../package/notices.ts';
import { operatorConfiguration, systemFiles } from './configuration.ts';
import { type ImageFile, textFile } from './file.ts';
import { type BundledForNode, bundleForNode } from './node-bundle.ts';
import { debianPackages, packagesOf } from './packages.ts';
import { type Platform, thisPlatform } from './platform.ts';
import { CannotBuildImage } from './run.ts';
import { type Component, debianComponents, npmComponents, programComponent } from './sbom.ts';
import { unpack } from './unpack.ts';
import { type BuiltImage, type ImageRequest, labelsOf, writeImage } from './write.ts';

const root = join(import.meta.dirname, '..');

/**
 * Writes the image of the operator as one archive for `ctr images import`, `docker load` or skopeo.
 * @throws CannotBuildImage with what this machine lacks
 */
export async function buildOperatorImage(request: ImageRequest): Promise<BuiltImage> {
  const platform = thisPlatform();
  const { system, operator, labels, parts } = await operatorImageFiles(platform);
  const about = { name: 'redisworker/operator', labels, configuration: operatorConfiguration, parts: await parts() };
  return await writeImage(request, { ...about, layers: [system, operator] }, platform);
}

/** Writes what the image holds into a folder, for images/Dockerfile. @throws CannotBuildImage */
export async function writeOperatorFiles(folder: string): Promise<void> {
  const { system, operator } = await operatorImageFiles(thisPlatform());
  await unpack([...system, ...operator], folder);
}

/** What the image holds: a layer that changes with Node and Debian, and one that changes with our sources. */
async function operatorImageFiles(platform: Platform): Promise<{
  readonly system: ImageFile[];
  readonly operator: ImageFile[];
  readonly labels: Record<string, string>;
  readonly parts: () => Promise<Component[]>;
}> {
  const [packages, node, bundles] = await Promise.all([
    debianPackages(platform, packagesOf.node),
    readNode(),
    bundleOperator(),
  ]);
  const system: ImageFile[] = [
    ...packages.flatMap(({ files }) => files),
    ...node.files,
    ...Object.entries(systemFiles).map(([path, text]) => textFile(path, text)),
    { kind: 'directory', path: 'tmp', shared: true },
  ];
  const operator: ImageFile[] = [...bundles.files].map(([path, text]) => ({
    kind: 'file',
    path: `${imageRoot.slice(1)}/${path}`,
    content: Buffer.from(text),
    executable: text.startsWith('#!'),
  }));
  operator.push({ kind: 'link', path: 'usr/bin/redisworker', target: `${imageRoot}/redisworker.js` });
  operator.push(
    textFile('usr/share/doc/redisworker/copyright', await readFile(join(root, 'LICENSE'), 'utf8')),
    textFile('usr/share/doc/redisworker/third-party.txt', await notices(bundles.packages)),
  );
  const labels = labelsOf(packages, {
    title: 'redisworker operator',
    description: 'The operator of RedisWorkers, and the command line redisworker',
    program: ['node', node.version],
  });
  const parts = async (): Promise<Component[]> => [
    programComponent('node', node.version),
    ...await debianComponents(packages),
    ...await npmComponents(bundles.packages),
  ];
  return { system, operator, labels, parts };
}

/** The operator and the command line, which can run no workers here. */
export async function bundleOperator(): Promise<BundledForNode> {
  const instead = { 'cli/up.ts': 'cli/no-up.ts', 'cli/spec/own-session.ts': 'cli/spec/no-own-session.ts' };
  const shared = { node: 24, split: true, format: 'cjs', instead } as const;
  const [operator, cli] = await Promise.all([
    bundleForNode({ ...shared, entries: { operator: 'operator/main.ts' }, sharedFolder: 'operator' }),
    bundleForNode({
      ...shared,
      entries: { redisworker: 'cli/in-image.ts' },
      sharedFolder: 'cli',
      firstLine: `#!${operatorConfiguration.entrypoint[0]}`,
    }),
  ]);
  return {
    files: new Map([...operator.files, ...cli.files]),
    packages: [...new Set([...operator.packages, ...cli.packages])].sort(),
  };
}

/** Node as package-lock.json pins it; its package brings the program of this platform, and no licence. */
async function readNode(): Promise<{ readonly files: ImageFile[]; readonly version: string }> {
  const folder = join(root, 'node_modules/node');
  try {
    const [content, about, license] = await Promise.all(
      [join(folder, 'bin/node'), join(folder, 'package.json'), join(import.meta.dirname, 'licenses/node.txt')].map(
        (path) => readFile(path),
      ),
    ) as [Buffer, Buffer, Buffer];
    const { version } = JSON.parse(about.toString()) as { version: string };
    return {
      version,
      files: [{ kind: 'file', path: 'usr/bin/node', content, executable: true }, {
        kind: 'file',
        path: 'usr/share/doc/node/copyright',
        content: license,
      }],
    };
  } catch (cause) {
    throw new CannotBuildImage('Node is not in node_modules/node; run "npm ci"', { cause });
  }
}
