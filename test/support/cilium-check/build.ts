/** Builds the checker once per content into the cache outside the checkout. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../control-plane/lock.ts';
import { buildEnv, readRecipe } from '../control-plane/recipe.ts';

const run = promisify(execFile);
const folder = import.meta.dirname;
const flags = ['-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false', '-ldflags=-s -w'];
const environment = { ...process.env, ...buildEnv };

/** Path of the program; built first when it is not there, in about 3 minutes of two cores. @throws Error with the words of Go */
export async function ciliumCheck(): Promise<string> {
  const files = await Promise.all(['main.go', 'go.mod', 'go.sum'].map((name) => readFile(join(folder, name), 'utf8')));
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, flags, buildEnv, files])).digest('hex').slice(0, 16);
  const cache = join((await readRecipe()).buildDir, '../../cilium-check');
  const program = join(cache, hash);
  if (existsSync(program)) return program;
  await mkdir(cache, { recursive: true });
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  await withLock(`${program}.lock`, async () => {
    if (existsSync(program)) return;
    tell('building the check by Cilium\'s own code once (about 3 minutes on 2 cores)');
    await run('go', ['build', ...flags, '-o', `${program}.unfinished`, '.'], { cwd: folder, env: environment });
    await rename(`${program}.unfinished`, program);
  }, (holder) => tell(`process ${holder} is building the check by Cilium's own code, waiting for it`));
  return program;
}

/** The CustomResourceDefinition of CiliumNetworkPolicy as Cilium ships it, out of the Go module. @throws Error with the words of Go */
export async function ciliumCrd(): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', 'github.com/cilium/cilium'], { cwd: folder, env: environment });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  return readFile(join(Dir, 'pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml'), 'utf8');
}

if (import.meta.main) process.stdout.write(`${await ciliumCheck()}\n`);
