/** Builds the control plane once per recipe into a cache outside the checkout. Run by itself, it prints where. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from './cache.ts';
import { go, requireGo } from './go.ts';
import { buildArgs, buildEnv, components, moduleDir, readRecipe, type Recipe } from './recipe.ts';
import { type Progress, toStderr, withProgress } from './tool.ts';

const inModule = { cwd: moduleDir, env: buildEnv };

/**
 * Folder with the programs `etcd`, `kube-apiserver`…; built first when it is not there.
 * @throws CannotBuild when Go is missing or too old, or with the compiler's words when the build fails
 */
export async function controlPlanePrograms(progress: Progress = toStderr): Promise<string> {
  const recipe = await readRecipe();
  await buildOnce({
    folder: recipe.buildDir,
    what: `Kubernetes ${recipe.version}`,
    duration: 'about 6 minutes on 2 cores, seconds when Go has it cached',
    require: () => requireGo(recipe.minimumGo, inModule),
    build: (unfinished) => build(recipe, join(unfinished, 'bin'), progress),
  }, progress);
  return join(recipe.buildDir, 'bin');
}

async function build(recipe: Recipe, bin: string, progress: Progress): Promise<void> {
  await mkdir(bin);
  await compile(recipe.version, join(bin, 'kube'), progress);
  await Promise.all(components.map((name) => symlink('kube', join(bin, name))));
}

async function compile(version: string, output: string, progress: Progress): Promise<void> {
  let stage = 'downloading modules';
  await withProgress(progress, () => stage, async () => {
    const packages = (await go(['list', '-deps', '.'], inModule)).split('\n').length;
    let compiled = 0;
    stage = 'compiling';
    const onLine = (): void => {
      compiled += 1;
      stage = `${compiled} packages compiled, the program has ${packages}`;
    };
    await go(['build', '-v', ...buildArgs(version), '-o', output, '.'], { ...inModule, onLine });
  });
}

if (import.meta.main) process.stdout.write(`${await controlPlanePrograms()}\n`);
