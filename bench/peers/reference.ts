/**
 * The reference loop: one message at a time, three round trips each, nothing acknowledged.
 * `deno run -A reference.ts <port> <type> <consumer id>`; ends by SIGTERM.
 */
import process from 'node:process';
import { Redis } from 'ioredis';
import {
  configHashKey,
  defaultGroup,
  replyListKey,
  requestStreamKey,
  responseStreamKey,
  traceHashKey,
} from '../../contract/keys.ts';
import { traceExpireSeconds } from '../../contract/limits.ts';
import { traceField } from '../../contract/trace.ts';
import handle from './handler.ts';

const [port = '', type = '', consumer = ''] = process.argv.slice(2);
const redis = new Redis({ host: '127.0.0.1', port: Number(port) });
const [hash, requests, responses, field] = [
  configHashKey(type, consumer),
  requestStreamKey(type),
  responseStreamKey(type),
  traceField(type),
];
const expireSeconds = (await redis.hget(hash, 'replyExpireSeconds')) ?? '8';
const limit = (await redis.hget(hash, 'responseStreamLimit')) ?? '10000';
await redis.hset(hash, 'pid', process.pid);

while ((await redis.hget(hash, 'pid')) === String(process.pid)) {
  const read = await redis.xreadgroup(
    'GROUP',
    defaultGroup,
    consumer,
    'COUNT',
    1,
    'BLOCK',
    2000,
    'STREAMS',
    requests,
    '>',
  );
  const [id, flat] = (read as [string, [string, string[]][]][] | null)?.[0]?.[1]?.[0] ?? [];
  if (id !== undefined && flat !== undefined) await answer(id, flat);
}

async function answer(id: string, flat: readonly string[]): Promise<void> {
  const received = new Date();
  const request: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) request[flat[at] as string] = flat[at + 1] as string;
  const { ref = '' } = request;
  const data = handle({ data: JSON.parse(request['data'] ?? 'null') as unknown });
  const completed = new Date();
  const res = JSON.stringify({ ref, code: 200, source: type, time: completed, data });
  const ms = completed.getTime() - received.getTime();
  await redis.multi()
    .lpush(replyListKey(ref), res)
    .expire(replyListKey(ref), expireSeconds)
    .xadd(
      responses,
      'MAXLEN',
      '~',
      limit,
      '*',
      'ref',
      ref,
      'type',
      type,
      'xid',
      id,
      'code',
      200,
      'res',
      res,
      'consumer',
      consumer,
      'ms',
      ms,
      'attempt',
      1,
    )
    .hset(traceHashKey(ref), field, JSON.stringify({ received, completed, res: JSON.parse(res) as unknown }))
    .expire(traceHashKey(ref), traceExpireSeconds)
    .exec();
}
