/** Hands a request on to the next worker, under the same reference: so all of them write to one trace. */
import { Redis } from 'ioredis';
import type { HandlerContext, HandlerRequest } from 'redisworker';

let redis: Redis | undefined;

/** A request that runs twice is handed on twice: what the last worker does must be safe to repeat. */
export async function passOn(
  next: string,
  data: object,
  { ref, fields }: HandlerRequest,
  { redis: login, log }: HandlerContext,
): Promise<void> {
  if (login === undefined) throw new Error(`name ${next}:req:x in redis.keys`);
  redis ??= connect(login, (why) => log.warn('Redis is away', { why }));
  const joined = fields['traceparent'] === undefined ? [] : ['traceparent', fields['traceparent']];
  await redis.xadd(`${next}:req:x`, '*', 'ref', ref, 'type', next, 'data', JSON.stringify(data), ...joined);
}

function connect(
  { url, username, password }: NonNullable<HandlerContext['redis']>,
  onError: (why: string) => void,
): Redis {
  const { hostname, port } = new URL(url);
  const connection = new Redis({ host: hostname, port: Number(port), username, password, enableReadyCheck: false });
  connection.on('error', (error: Error) => onError(error.message));
  return connection;
}
