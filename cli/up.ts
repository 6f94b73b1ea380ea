/** `redisworker up`: a local session in the foreground, until it is interrupted. */
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { tlsFlagsNeedTls } from '../operator/default-redis-tls.ts';
import { counted } from '../operator/counted.ts';
import { exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { startLocalOperator } from './local-operator.ts';
import { type ModuleSettings, modulesOf } from './module-manifest.ts';
import { program } from './program.ts';
import { refusalWatch } from './refusals.ts';
import { connectRedis } from './redis.ts';
import { readTls } from './redis-options.ts';
import { openSession, type SessionOptions } from './session.ts';

/** What `up` is asked for. */
export interface UpOptions extends Omit<SessionOptions, 'modules' | 'onPodLine'> {
  /** What the flags say of modules among the files. */
  readonly settings: ModuleSettings;
}

/**
 * Runs until `stop` settles, then ends everything it started.
 * @throws Failure when it cannot start, when there is no worker to run, or when another process runs the session.
 */
export async function up({ settings, ...options }: UpOptions, io: Io, stop: Promise<void>): Promise<void> {
  if (options.redisUrl !== undefined) {
    const tls = readTls(options.tlsFiles, options.redisUrl);
    const { redisPassword: password, sentinel } = io.environment;
    (await connectRedis(options.redisUrl, { password, tls, sentinel })).disconnect();
  } else if (options.tlsFiles !== undefined) {
    throw new Failure(tlsFlagsNeedTls, exitCodes.usage);
  }
  const { modules, workers: flagged } = modulesOf(options.files, settings);
  const onPodLine = refusalWatch(flagged, (line) => io.out(line));
  await using session = await openSession({ ...options, modules, onPodLine }, startLocalOperator, io);
  const workers = session.operator.workers();
  const problems = session.operator.problems().length;
  if (workers.length === 0) throw nothingToRun(options.files, problems);
  if (problems > 0) io.err(`! the manifests have ${counted(problems, 'problem')}, see above; the rest is run`);
  io.out(`… running ${counted(workers.length, 'worker')} until Ctrl-C; ${nextStep(workers)}`);
  await Promise.race([stop, session.operator.lost]);
  io.out('… stopping; Ctrl-C again ends it at once');
}

/** Nobody sends requests to scripts. */
function nextStep(workers: readonly KubeObject[]): string {
  const isOfScripts = workers.every(({ spec }) => (spec as { readonly runtime?: string }).runtime === 'Hats');
  return isOfScripts
    ? `see the scripts in a second terminal: ${program} hats list <type>`
    : `ask one in a second terminal: ${program} send <type> <json>`;
}

function nothingToRun(files: readonly string[], problems: number): Failure {
  const cause = problems > 0
    ? `the manifests have ${counted(problems, 'problem')}, see above`
    : `there is no RedisWorker in ${
      files.join(', ')
    }: name a manifest or a module, such as greet.ts; "${program} init NAME" makes both`;
  return new Failure(`nothing to run: ${cause}`);
}
