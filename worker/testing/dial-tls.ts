/** Dials each server of a list as a worker does, and prints what came of it. */
import type { RedisTls } from '../../contract/redis-tls.ts';
import { connectServer } from '../redis/connection.ts';

interface Dial {
  readonly port: number;
  readonly tls: RedisTls;
}

const dials = JSON.parse(Deno.args[0] ?? '[]') as readonly Dial[];
const answers = await Promise.all(dials.map((dial) => ping(dial).catch((error: Error) => error.message)));
console.log(JSON.stringify(answers));

async function ping({ port, tls }: Dial): Promise<unknown> {
  const address = { hosts: [{ host: '127.0.0.1', port }], db: 0, tls: true, topology: { kind: 'Standalone' } } as const;
  const connection = await connectServer({ address, tls, name: 'test' }, address.hosts[0]);
  const pong = await connection.command('PING');
  connection.close();
  return pong;
}
