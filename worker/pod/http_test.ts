import { assertEquals } from '../testing/assert.ts';
import { readBody, serveHttp } from './http.ts';

Deno.test('a server that is drained answers what comes for a moment, ends what it has begun, and then listens no more', async () => {
  const slow = Promise.withResolvers<Response>();
  const server = serveHttp(
    { hostname: '127.0.0.1', port: 0 },
    ({ url }) => url.endsWith('/slow') ? slow.promise : Promise.resolve(new Response('quick')),
  );
  const url = `http://127.0.0.1:${server.port}`;
  const begun = fetch(`${url}/slow`);
  assertEquals(await (await fetch(url)).text(), 'quick');
  const drained = server.drain(2000);
  assertEquals(await (await fetch(url)).text(), 'quick');
  slow.resolve(new Response('slow'));
  assertEquals(await (await begun).text(), 'slow');
  await drained;
  assertEquals(await fetch(url).then(() => 'answered', () => 'nobody'), 'nobody');
});

Deno.test('what is not done in time is given up', async () => {
  const server = serveHttp({ hostname: '127.0.0.1', port: 0 }, () => new Promise(() => {}));
  const begun = fetch(`http://127.0.0.1:${server.port}`).then(async (answer) => [answer.status, await answer.text()]);
  await server.drain(200);
  assertEquals(await begun, [503, 'The worker is ending\n']);
});

Deno.test('a body is read to its end, and not when it is too long or too slow', async () => {
  const server = serveHttp(
    { hostname: '127.0.0.1', port: 0 },
    async (request) => new Response(await readBody(request, 8, 300) ?? 'not read'),
  );
  const ask = async (body?: BodyInit) =>
    await (await fetch(`http://127.0.0.1:${server.port}`, { method: 'POST', ...(body === undefined ? {} : { body }) }))
      .text();
  const slow = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('begun')) });
  assertEquals([await ask(), await ask('12345678'), await ask('123456789')], ['', '12345678', 'not read']);
  const leaving = new AbortController();
  const asked = fetch(`http://127.0.0.1:${server.port}`, { method: 'POST', body: slow, signal: leaving.signal });
  assertEquals(await asked.then((answer) => answer.text()).catch(() => 'not read'), 'not read');
  leaving.abort();
  await server.drain(0);
});
