/** Builds the second evaluator once per recipe into a cache outside the checkout. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, cacheRoot } from '../control-plane/cache.ts';
import { go, type Progress, requireGo, toStderr, withProgress } from '../control-plane/go.ts';

const moduleDir = import.meta.dirname;
/** The flags of the control plane, so that Go finds compiled what the two share. */
const flags = ['-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false', '-ldflags', '-s -w'];
const env = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOGC: '400' };

/** Oldest Go that can build it. */
export const minimumGo = '1.26';

/**
 * Path of the program; built first when it is not there.
 * @throws CannotBuild when Go is missing or too old, or with the compiler's words when the build fails
 */
export async function secondEvaluatorProgram(progress: Progress = toStderr): Promise<string> {
  const files = await Promise.all(['main.go', 'go.mod', 'go.sum'].map((name) => readFile(join(moduleDir, name), 'utf8')));
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, flags, env, files])).digest('hex').slice(0, 16);
  const folder = join(cacheRoot(), 'second-evaluator', hash);
  await buildOnce({
    folder,
    what: 'the second evaluator',
    duration: 'about 2 minutes on 2 cores, seconds when Go has it cached',
    require: () => requireGo(minimumGo, { cwd: moduleDir, env }),
    build: (unfinished) => build(join(unfinished, 'second-evaluator'), progress),
  }, progress);
  return join(folder, 'second-evaluator');
}

async function build(program: string, progress: Progress): Promise<void> {
  let stage = 'downloading modules';
  await withProgress(progress, () => stage, () =>
    go(['build', '-v', ...flags, '-o', program, '.'], { cwd: moduleDir, env, onLine: (line) => { stage = line; } }));
}
