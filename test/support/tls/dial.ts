/** Dials each server of a list as the operator does, and prints what came of it. `worker/testing/dial-tls.ts` is its twin. */
import type { RedisTls } from '../../../contract/redis-tls.ts';
import { openClient } from '../../../operator/redis/client.ts';
import { toFault } from '../../../operator/redis/fault.ts';
import type { RedisTarget } from '../../../operator/redis/target.ts';
import { targetAt } from '../redis-target.ts';

/** Where to dial, and how. */
export interface Dial {
  readonly port: number;
  readonly tls: RedisTls;
}

const dials = JSON.parse(process.argv[2] ?? '[]') as readonly Dial[];
process.stdout.write(`${JSON.stringify(await Promise.all(dials.map(answer)))}\n`);

/** The server an author has named gets no other TLS than the operator's own: when it does, both answers are told. */
async function answer({ port, tls }: Dial): Promise<string> {
  const target = targetAt({ port }, { tls });
  const [own, foreign] = await Promise.all([
    ping(target),
    ping({ ...target, foreign: { closed: ['169.254.0.0/16'] } }),
  ]);
  return own === foreign ? own : `${own}; named by an author: ${foreign}`;
}

async function ping(target: RedisTarget): Promise<string> {
  try {
    const client = await openClient(target, { connectMs: 5000, commandMs: 5000 });
    const pong = await client.ping();
    client.disconnect();
    return pong;
  } catch (error) {
    return toFault(error, target).message;
  }
}
