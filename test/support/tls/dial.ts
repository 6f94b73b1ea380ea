/** Dials each server of a list as the operator does, and prints what came of it. `worker/testing/dial-tls.ts` is its twin. */
import type { RedisTls } from '../../../contract/redis-tls.ts';
import { openClient } from '../../../operator/redis/client.ts';
import { toFault } from '../../../operator/redis/fault.ts';

/** Where to dial, and how. */
export interface Dial {
  readonly port: number;
  readonly tls: RedisTls;
}

const dials = JSON.parse(process.argv[2] ?? '[]') as readonly Dial[];
process.stdout.write(`${JSON.stringify(await Promise.all(dials.map(ping)))}\n`);

async function ping({ port, tls }: Dial): Promise<string> {
  const target = { host: '127.0.0.1', port, db: 0, tls };
  try {
    const client = await openClient(target, { connectMs: 5000, commandMs: 5000 });
    const pong = await client.ping();
    client.disconnect();
    return pong;
  } catch (error) {
    return toFault(error, target).message;
  }
}
