/** `redisworker up`: a local session in the foreground, until it is interrupted. */
import { tlsFlagsNeedTls } from '../operator/default-redis-tls.ts';
import { counted } from './counted.ts';
import { exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { startLocalOperator } from './local-operator.ts';
import { program } from './program.ts';
import { connectRedis } from './redis.ts';
import { readTls } from './redis-options.ts';
import { openSession, type SessionOptions } from './session.ts';

/**
 * Runs until `stop` settles, then ends everything it started.
 * @throws Failure when it cannot start, when there is no worker to run, or when another process runs the session.
 */
export async function up(options: SessionOptions, io: Io, stop: Promise<void>): Promise<void> {
  if (options.redisUrl !== undefined) {
    const tls = readTls(options.tlsFiles, options.redisUrl);
    const { redisPassword: password, sentinel } = io.environment;
    (await connectRedis(options.redisUrl, { password, tls, sentinel })).disconnect();
  } else if (options.tlsFiles !== undefined) {
    throw new Failure(tlsFlagsNeedTls, exitCodes.usage);
  }
  await using session = await openSession(options, startLocalOperator, io);
  const workers = session.operator.workers().length;
  const problems = session.operator.problems().length;
  if (workers === 0) throw nothingToRun(options.files, problems);
  if (problems > 0) io.err(`! the manifests have ${counted(problems, 'problem')}, see above; the rest is run`);
  io.out(
    `… running ${counted(workers, 'worker')} until Ctrl-C; ask one in a second terminal: ${program} send <type> <json>`,
  );
  await Promise.race([stop, session.operator.lost]);
  io.out('… stopping; Ctrl-C again ends it at once');
}

function nothingToRun(files: readonly string[], problems: number): Failure {
  const cause = problems > 0
    ? `the manifests have ${counted(problems, 'problem')}, see above`
    : `there is no RedisWorker in ${files.join(', ')}; examples/demo-worker.yaml has one`;
  return new Failure(`nothing to run: ${cause}`);
}
