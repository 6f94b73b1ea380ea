import { parseRedisAddress } from '../../contract/redis-address.ts';
import { assertEquals } from '../testing/assert.ts';
import { Connection } from './connection.ts';
import { routeTo } from './route.ts';

const secret = 'canary-77ab';
const line = '\r\n';
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** What a server that is no Redis, or has gone mad, answers to what it was told so far; undefined = nothing. */
const manners: Readonly<Record<string, (received: string) => Uint8Array | 'close' | undefined>> = {
  'speaks HTTP': () => bytesOf(`HTTP/1.1 400 Bad Request${line}${line}`),
  'closes at once': () => 'close',
  'never answers': () => undefined,
  'answers garbage': () => new Uint8Array([0, 255, 13, 10, 7, 200, 13, 10]),
  'answers half a line': () => bytesOf('+PO'),
  'never ends a line': () => bytesOf('+'.repeat(100_000)),
  'repeats what it is told as an error': (received) =>
    bytesOf(`-ERR unknown ${received.replace(/\s+/g, ' ')}${'!'.repeat(5000)}${line}`),
  'announces more than there can be': () => bytesOf(`$99999999999${line}x`),
};

/** Runs `act` with a server of that manner. */
async function withServer(
  answer: (received: string) => Uint8Array | 'close' | undefined,
  act: (port: number) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 });
  const open = new Set<Deno.Conn>();
  const serve = async (conn: Deno.Conn) => {
    open.add(conn);
    let received = '';
    const chunk = new Uint8Array(4096);
    for (let length = await conn.read(chunk); length !== null; length = await conn.read(chunk)) {
      received += new TextDecoder().decode(chunk.subarray(0, length));
      const said = answer(received);
      if (said === 'close') return conn.close();
      if (said !== undefined) await conn.write(said);
    }
  };
  const serving = (async () => {
    for await (const conn of listener) void serve(conn).catch(() => {});
  })();
  try {
    await act((listener.addr as Deno.NetAddr).port);
  } finally {
    listener.close();
    for (const conn of open) {
      try {
        conn.close();
      } catch {
        // closed by its other end
      }
    }
    await serving;
  }
}

for (const [manner, answer] of Object.entries(manners)) {
  Deno.test(`a server that ${manner} is told in one bounded sentence, without the password`, async () => {
    await withServer(answer, async (port) => {
      const told = await routeTo({
        address: parseRedisAddress(`redis://127.0.0.1:${port}`),
        username: 'u',
        password: secret,
        name: 'test',
        connectTimeoutMs: 200,
      }, 'demo:1:h').connect().then(
        (connection) => (connection.close(), 'it was taken for a Redis'),
        (error: Error) => error.message,
      );
      assertEquals([told.includes(secret), told.includes('\n'), told.length < 350], [false, false, true]);
      assertEquals(/Redis|while logging in/.test(told) && !told.includes('was taken for'), true);
    });
  });
}

Deno.test('a server that goes mad after the login ends the connection, however much it sends', async () => {
  const answer = (received: string) => {
    if (!received.includes('PING')) return bytesOf(`+OK${line}`);
    return bytesOf('+'.repeat(1_000_000));
  };
  await withServer(answer, async (port) => {
    const conn = await Deno.connect({ hostname: '127.0.0.1', port });
    const told = await new Connection(conn).command('PING').then(String, (error: Error) => error.message);
    assertEquals(told, 'reading from Redis failed: Redis sent a line without an end');
  });
});
