/** Adds a request for the worker "report" whenever it is time, once, however many consumers run this. */
import { Cron } from 'croner';
import { Redis } from 'ioredis';

/** Second, minute, hour, day of month, month, day of week; '0 0 6 * * 1-5' is at six on working days. */
const pattern = '*/2 * * * * *';
const worker = 'report';
/** When it was time last; redis.keys opens it. */
const lastKey = 'report-cron:last';

const [hashKey = ''] = Deno.args;
const redis = new Redis({ host: '127.0.0.1', port: 6379, enableReadyCheck: false }); // the pod leads to the real Redis
const taken = await redis.hget(hashKey, 'pid');
if (taken) throw new Error(`${hashKey} is taken by the process ${taken}`);
await redis.hset(hashKey, 'pid', Deno.pid);

const job = new Cron(pattern, { timezone: 'Europe/Berlin', protect: true, catch: failed }, tick);
let due = job.nextRun();

async function tick(): Promise<void> {
  const at = due;
  due = job.nextRun();
  if (await redis.hget(hashKey, 'pid') !== String(Deno.pid)) Deno.exit(1); // somebody stops this process
  if (at !== null) await request(at.toISOString());
}

/** Of all consumers that try, one has the transaction: the key may not change between WATCH and EXEC. */
async function request(at: string): Promise<void> {
  await redis.watch(lastKey);
  if ((await redis.get(lastKey) ?? '') >= at) {
    await redis.unwatch();
    return;
  }
  const data = JSON.stringify({ at });
  const added = await redis.multi()
    .set(lastKey, at)
    .xadd(`${worker}:req:x`, '*', 'ref', `${worker}-${at}`, 'type', worker, 'data', data)
    .exec();
  if (added !== null) console.log(`it is time: ${at}`);
}

/** The next tick tries again. */
function failed(error: unknown): void {
  console.error(`no request was added: ${error instanceof Error ? error.message : String(error)}`);
}
