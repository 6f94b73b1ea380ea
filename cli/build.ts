/** `redisworker build`: manifests that a cluster can run, with the code of the modules they name. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { look, placeOf } from '../operator/cluster/local/files/look.ts';
import type { BundleModule } from '../operator/cluster/local/files/module-builds.ts';
import { buildFile, type BuiltFile } from './build-documents.ts';
import { type ExitCode, exitCodes, Failure, wrongPath } from './failure.ts';
import type { Io } from './io.ts';
import { type ModuleSettings, modulesOf } from './module-manifest.ts';

/** What to build, and where to. */
export interface BuildOptions {
  /** Manifest files, folders of them, and modules. */
  readonly files: readonly string[];
  /** Folder for one file of each; absent: all is printed. */
  readonly output?: string | undefined;
  /** Writes nothing, and says which files of the folder are not as they would be made. */
  readonly check?: boolean | undefined;
  readonly settings: ModuleSettings;
}

/** Builds all of them, or none when anything is wrong. @throws Failure */
export async function build(options: BuildOptions, bundle: BundleModule, io: Io): Promise<ExitCode> {
  const { files, output, check = false, settings } = options;
  const built = await buildAll(files, settings, bundle);
  const problems = built.flatMap((one) => one.problems);
  for (const problem of problems) io.err(problem);
  if (problems.length > 0) return exitCodes.failed;
  if (output === undefined) {
    io.out(built.map(({ text }) => text.trimEnd()).join('\n---\n'));
    return exitCodes.ok;
  }
  return check ? await compare(built, output, io) : await write(built, output, io);
}

/** What each of the files becomes. @throws Failure */
export async function buildAll(
  files: readonly string[],
  settings: ModuleSettings,
  bundle: BundleModule,
): Promise<readonly BuiltFile[]> {
  const { modules } = modulesOf(files, settings);
  const places = await Promise.all(files.map(placeOf)).catch(wrongPath);
  const { texts, unseen } = await look(places, modules);
  for (const [path, why] of unseen) throw new Failure(`${path} ${why}`);
  if (texts.size === 0) throw new Failure(`there is no manifest in ${files.join(', ')}`);
  const built: BuiltFile[] = [];
  for (const [file, text] of texts) built.push(await buildFile(file, relative(process.cwd(), file), text, bundle));
  const twice = built.find(({ name }, at) => built.findIndex((other) => other.name === name) < at);
  if (twice !== undefined) throw new Failure(`two of the files would become ${twice.name}: build them apart`);
  return built;
}

async function write(built: readonly BuiltFile[], output: string, io: Io): Promise<ExitCode> {
  await mkdir(output, { recursive: true });
  for (const { name, text } of built) {
    await writeFile(join(output, name), text);
    io.out(`✓ ${join(output, name)}`);
  }
  return exitCodes.ok;
}

async function compare(built: readonly BuiltFile[], output: string, io: Io): Promise<ExitCode> {
  const stale: string[] = [];
  for (const { name, text } of built) {
    if (await readFile(join(output, name), 'utf8').catch(() => undefined) !== text) stale.push(join(output, name));
  }
  for (const file of stale) io.err(`${file} is not what its sources make: build it again`);
  return stale.length > 0 ? exitCodes.failed : exitCodes.ok;
}
