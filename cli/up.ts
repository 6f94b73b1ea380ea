/** `redisworker up`: a local session in the foreground, until it is interrupted. */
import type { Io } from './io.ts';
import { startLocalOperator } from './local-operator.ts';
import { openSession, type SessionOptions } from './session.ts';

/**
 * Runs until `stop` settles, then ends everything it started.
 * @throws Failure when it cannot start.
 */
export async function up(options: SessionOptions, io: Io, stop: Promise<void>): Promise<void> {
  await using _session = await openSession(options, startLocalOperator, io);
  io.out('✓ running; ask a worker with "redisworker send <type> <json>" in a second terminal, Ctrl-C ends it');
  await stop;
  io.out('… stopping');
}
