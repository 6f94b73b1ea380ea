/**
 * BullMQ: `node bullmq.ts fill <port> <count>` adds jobs; `node bullmq.ts work <port> <concurrency> <keep|remove>` works
 * until SIGTERM, and keeps what is finished or removes it.
 */
import process from 'node:process';
import { Queue, Worker } from 'bullmq';
import { payload } from '../requests.ts';
import handle from './handler.ts';

const [task, port, amount, finished] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const name = 'bench';

if (task === 'fill') {
  const queue = new Queue(name, { connection });
  for (let left = Number(amount); left > 0; left -= 1000) {
    await queue.addBulk(Array.from({ length: Math.min(1000, left) }, () => ({ name: 'request', data: { payload } })));
  }
  await queue.close();
} else {
  const worker = new Worker(
    name,
    (job) => Promise.resolve(handle({ data: JSON.parse((job.data as { payload: string }).payload) as unknown })),
    { connection, concurrency: Number(amount), ...(finished === 'remove' ? { removeOnComplete: { count: 0 } } : {}) },
  );
  process.once('SIGTERM', () => void worker.close().then(() => process.exit(0)));
}
