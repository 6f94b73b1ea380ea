import { parseRedisUrl } from './redis-url.ts';
import { assertEquals } from '../testing/assert.ts';

const readable = (text: string) => {
  try {
    return parseRedisUrl(text);
  } catch (error) {
    return (error as Error).message;
  }
};

Deno.test('a Redis URL gives host, port, database and whether to use TLS', () => {
  const plain = { hostname: 'redis.data.svc', port: 6379, db: 0, tls: false };
  assertEquals(parseRedisUrl('redis://redis.data.svc'), plain);
  assertEquals(parseRedisUrl('redis://redis.data.svc/'), plain);
  assertEquals(parseRedisUrl('redis://redis.data.svc:7000/3'), { ...plain, port: 7000, db: 3 });
  assertEquals(parseRedisUrl('rediss://redis.data.svc:6379/0'), { ...plain, tls: true });
  assertEquals(parseRedisUrl('redis://[fd00::7]:6380'), { ...plain, hostname: 'fd00::7', port: 6380 });
  assertEquals(parseRedisUrl('redis://10.0.0.7:6379'), { ...plain, hostname: '10.0.0.7' });
});

Deno.test('anything else gets the rule it breaks, and is not repeated', () => {
  for (
    const wrong of [
      '',
      'redis',
      'redis://',
      'http://host',
      'redis://:6379',
      'redis://host:70000',
      'redis://fd00::7',
      'redis://host:6379?db=1',
      'redis://ho st',
    ]
  ) {
    assertEquals(readable(wrong), 'the Redis URL must read redis://host:port/db, or rediss://host:port/db for TLS');
  }
  for (const told of ['redis://me:secret@host:6379', 'redis://:s/e@host', 'rediss://me@host/0']) {
    assertEquals(String(readable(told)).includes('secret'), false);
  }
  assertEquals(
    readable('redis://me:secret@host:6379'),
    'the Redis URL must not carry credentials; give the password as a file',
  );
  assertEquals(
    readable('redis://host:6379/orders'),
    'the path of the Redis URL must be a database number, as in redis://host:6379/0',
  );
});
