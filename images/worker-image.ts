/** The image of worker pods, made without a registry and without a daemon. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageRoot } from '../contract/pod.ts';
import { notices } from '../package/notices.ts';
import { bundleWorker, workerAssets, workerPackages } from './bundle.ts';
import { systemFiles, workerConfiguration } from './configuration.ts';
import { type ImageFile, textFile } from './file.ts';
import { debianPackages, packagesOf } from './packages.ts';
import { type Platform, thisPlatform } from './platform.ts';
import { resolverFiles } from './resolver.ts';
import { CannotBuildImage } from './run.ts';
import { type Component, debianComponents, npmComponents, programComponent } from './sbom.ts';
import { unpack } from './unpack.ts';
import { warmCache } from './warm.ts';
import { type BuiltImage, type ImageRequest, labelsOf, writeImage } from './write.ts';

const root = join(import.meta.dirname, '..');

/**
 * Writes the image of worker pods as one archive for `ctr images import`, `docker load` or skopeo.
 * @throws CannotBuildImage with what this machine lacks
 */
export async function buildWorkerImage(request: ImageRequest): Promise<BuiltImage> {
  const platform = thisPlatform();
  const { system, worker, labels, parts } = await imageFiles(platform);
  const about = { name: 'redisworker/worker', labels, configuration: workerConfiguration, parts };
  return await writeImage(request, { ...about, layers: [system, worker] }, platform);
}

/** Writes what the image holds into a folder, for images/Dockerfile. @throws CannotBuildImage */
export async function writeWorkerFiles(folder: string): Promise<void> {
  const { system, worker } = await imageFiles(thisPlatform());
  await unpack([...system, ...worker], folder);
}

/** What the image holds: a layer that changes with Deno and Debian, and one that changes with our sources. */
async function imageFiles(platform: Platform): Promise<{
  readonly system: ImageFile[];
  readonly worker: ImageFile[];
  readonly labels: Record<string, string>;
  readonly parts: Component[];
}> {
  const [packages, deno, bundles, assets, carried] = await Promise.all([
    debianPackages(platform, packagesOf.deno),
    readDeno(platform),
    bundleWorker(),
    workerAssets(),
    workerPackages(),
  ]);
  const system: ImageFile[] = [
    ...packages.flatMap(({ files }) => files),
    ...deno.files,
    ...Object.entries(systemFiles).map(([path, text]) => textFile(path, text)),
    { kind: 'directory', path: 'tmp', shared: true },
  ];
  const ours = [...bundles].map(([path, text]) => textFile(`${imageRoot.slice(1)}/${path}`, text));
  for (const [path, content] of assets) ours.push({ kind: 'file', path: `${imageRoot.slice(1)}/${path}`, content });
  ours.push(textFile('usr/share/doc/redisworker/copyright', await readFile(join(root, 'LICENSE'), 'utf8')));
  ours.push(textFile('usr/share/doc/redisworker/third-party-worker.txt', await notices(carried)));
  const resolver = await resolverFiles(join(root, 'node_modules', platform.denoPackage, 'deno'));
  const worker = [...ours, ...resolver.files, ...await warmCache([...system, ...ours])];
  const labels = labelsOf(packages, {
    title: 'redisworker worker',
    description: 'Deno and the runtime of redisworker pods',
    program: ['deno', deno.version],
  });
  const parts = [
    programComponent('deno', deno.version),
    ...await debianComponents(packages),
    ...resolver.parts,
    ...await npmComponents(carried),
  ];
  return { system, worker, labels, parts: [...new Map(parts.map((part) => [part.purl, part])).values()] };
}

/** Deno as package-lock.json pins it. */
async function readDeno({ denoPackage }: Platform): Promise<{ readonly files: ImageFile[]; readonly version: string }> {
  const folder = join(root, 'node_modules', denoPackage);
  try {
    const [content, about, license] = await Promise.all(
      [join(folder, 'deno'), join(folder, 'package.json'), join(root, 'node_modules/deno/LICENSE')].map((path) =>
        readFile(path)
      ),
    ) as [Buffer, Buffer, Buffer];
    const { version } = JSON.parse(about.toString()) as { version: string };
    return {
      version,
      files: [{ kind: 'file', path: 'usr/bin/deno', content, executable: true }, {
        kind: 'file',
        path: 'usr/share/doc/deno/copyright',
        content: license,
      }],
    };
  } catch (cause) {
    throw new CannotBuildImage(`Deno is not in node_modules/${denoPackage}; run "npm ci"`, { cause });
  }
}
