/** Bills of material in CycloneDX (https://cyclonedx.org/docs/1.5/json/): what goes into an image or a package, by name and version. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { bundleCommandLine } from '../package/command-line.ts';
import { workerPackages } from './bundle.ts';
import type { DebianPackage } from './packages.ts';
import { CannotBuildImage, run } from './run.ts';

const root = join(import.meta.dirname, '..');

/** One part, as far as it is used here. */
export interface Component {
  readonly 'bom-ref': string;
  readonly type: 'library' | 'application' | 'container' | 'operating-system';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly cpe?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly unknown[];
}

/**
 * The bill of what `subject` is made of. The same parts give the same bytes: it carries no time, and its serial number
 * follows from what is in it.
 */
export function billOfMaterial(subject: Component, parts: readonly Component[]): string {
  const components = [...parts].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
  const dependencies = [{ ref: subject['bom-ref'], dependsOn: components.map((part) => part['bom-ref']) }];
  const content = { metadata: { component: subject }, components, dependencies };
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)];
  const head = { bomFormat: 'CycloneDX', specVersion: '1.5', serialNumber: `urn:uuid:${uuid.join('-')}`, version: 1 };
  return `${
    JSON.stringify({ $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json', ...head, ...content }, null, 2)
  }\n`;
}

/** An image, by the digest of its manifest. @param name as in `redisworker/operator` */
export function imageComponent(name: string, version: string, digest: string): Component {
  const purl = `pkg:oci/${name.split('/').at(-1)}@${encodeURIComponent(digest)}`;
  const hashes = [{ alg: 'SHA-256', content: digest.replace('sha256:', '') }];
  return { 'bom-ref': purl, type: 'container', name, version, purl, hashes };
}

/** Deno or Node themselves. */
export function programComponent(name: 'deno' | 'node', version: string): Component {
  const purl = `pkg:generic/${name}@${version}`;
  const [vendor, product] = name === 'node' ? ['nodejs', 'node.js'] : ['deno', 'deno'];
  return {
    'bom-ref': purl,
    type: 'application',
    name,
    version,
    purl,
    cpe: `cpe:2.3:a:${vendor}:${product}:${version}:*:*:*:*:*:*:*`,
    licenses: [{ license: { id: 'MIT' } }],
  };
}

/** Packages of this machine's distribution. */
export async function debianComponents(packages: readonly DebianPackage[]): Promise<Component[]> {
  const release = new Map(
    (await readFile('/etc/os-release', 'utf8')).split('\n').map((line) => line.replaceAll('"', '').split('=', 2)).map(
      ([name = '', value = '']) => [name, value] as const,
    ),
  );
  const distribution = release.get('ID') ?? 'debian';
  const distro = `${distribution}-${release.get('VERSION_ID') ?? ''}`;
  return packages.map(({ name, version, architecture, sha256 }) => {
    const purl = `pkg:deb/${distribution}/${encodeURIComponent(name)}@${
      encodeURIComponent(version)
    }?arch=${architecture}&distro=${distro}`;
    return { 'bom-ref': purl, type: 'library', name, version, purl, hashes: [{ alg: 'SHA-256', content: sha256 }] };
  });
}

/**
 * Packages of npm, as `npm sbom` knows them from package-lock.json.
 * @param folders below the project: `node_modules/pino`
 * @throws CannotBuildImage when package-lock.json has another version than node_modules
 */
export async function npmComponents(folders: readonly string[]): Promise<Component[]> {
  const text = await run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], { cwd: root });
  const { components } = JSON.parse(text.toString()) as { components: Component[] };
  return await Promise.all(folders.map(async (folder) => {
    const { name, version } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as Component;
    const found = components.find((one) => one.purl === purlOf(name, version));
    if (found === undefined) {
      throw new CannotBuildImage(`${folder} has version ${version}, and package-lock.json another; run "npm ci"`);
    }
    const { type, purl, hashes = [], licenses = [] } = found;
    return { 'bom-ref': purl, type, name, version, purl, hashes, licenses };
  }));
}

/** Writes the bill of the npm package, which installs Deno beside itself. @returns its path */
export async function writePackageBill(folder: string): Promise<string> {
  const file = join(folder, 'package.cdx.json');
  const { name, version, license } = manifest;
  const purl = purlOf(name, version);
  const licenses = [{ license: { id: license } }];
  const subject: Component = { 'bom-ref': purl, type: 'library', name, version, purl, licenses };
  const [{ packages }, carried] = await Promise.all([bundleCommandLine(), workerPackages()]);
  await mkdir(folder, { recursive: true });
  await writeFile(
    file,
    billOfMaterial(subject, await npmComponents([...new Set(['node_modules/deno', ...packages, ...carried])])),
  );
  return file;
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}
