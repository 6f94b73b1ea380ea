/** Bare PINGs over the connection the Hats runtime has for its scripts: `deno run … hats-ping.ts <port>` prints a p50 in µs. */
import { parseRedisAddress } from '../../contract/redis-address.ts';
import { routeTo } from '../../worker/redis/route.ts';

const batches = 50;
const perBatch = 100;
const address = parseRedisAddress(`redis://127.0.0.1:${Deno.args[0] ?? ''}`);
const connection = await routeTo({ address, name: 'bench' }, 'bench').connect('text');
const taken: number[] = [];
for (let batch = 0; batch < batches; batch++) {
  const begin = performance.now();
  for (let n = 0; n < perBatch; n++) await connection.command('PING');
  taken.push(((performance.now() - begin) * 1000) / perBatch);
}
console.log(taken.sort((one, other) => one - other)[batches / 2]);
Deno.exit(0);
