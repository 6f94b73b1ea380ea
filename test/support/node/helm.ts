/** Helm on a node, with the chart of this repository packaged. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, run, tryRun } from '../command.ts';
import type { Node } from './node.ts';

const chart = join(import.meta.dirname, '../../../charts/redis-worker-operator');

/** One version of Helm. */
export interface Helm {
  /** Runs helm as the node's administrator; a failure is in the code. */
  try(...args: string[]): Promise<CommandResult>;
  /** stdout of a command that has to succeed. @throws Error with its stderr */
  ok(...args: string[]): Promise<string>;
  /** The chart as a package. */
  readonly packaged: string;
  /** The chart as it might have been before: another version, and something else about the operator's own pod. */
  readonly packagedBefore: string;
  /** Removes what it keeps on this machine. */
  close(): Promise<void>;
}

/** Packages the chart, twice. @param program path of helm */
export async function openHelm(program: string, node: Node): Promise<Helm> {
  const folder = await mkdtemp(join(tmpdir(), 'redisworker-helm-'));
  const home = (name: string): string => join(folder, name);
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    HELM_CACHE_HOME: home('cache'),
    HELM_CONFIG_HOME: home('config'),
    HELM_DATA_HOME: home('data'),
    KUBECONFIG: node.kubeconfigPath,
  };
  const helm = (...args: string[]): Promise<CommandResult> => tryRun(program, args, { env });
  const before = await chartBefore(folder);
  const [packaged, packagedBefore] = await Promise.all([chart, before].map(async (source) => {
    const output = await run(program, ['package', source, '--destination', folder]);
    return output.slice(output.indexOf('/')).trim();
  }));
  return {
    try: helm,
    async ok(...args) {
      const { code, stdout, stderr } = await helm(...args);
      if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr.trim()}`);
      return stdout;
    },
    packaged: packaged!,
    packagedBefore: packagedBefore!,
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function chartBefore(folder: string): Promise<string> {
  const copy = join(folder, 'redis-worker-operator');
  await cp(chart, copy, { recursive: true });
  await replaced(join(copy, 'Chart.yaml'), /^version: .*$/m, 'version: 0.0.9');
  await replaced(
    join(copy, 'values.yaml'),
    /^terminationGracePeriodSeconds: .*$/m,
    'terminationGracePeriodSeconds: 25',
  );
  return copy;
}

async function replaced(file: string, what: RegExp, by: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (!what.test(text)) throw new Error(`${file} has no line ${what.source}`);
  await writeFile(file, text.replace(what, by));
}
