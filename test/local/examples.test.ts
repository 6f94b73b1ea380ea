/** The examples, each by the spec it comes with: all of them in one session, as one `up` runs them. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { globSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { responseStreamKey } from '../../contract/keys.ts';
import { type TestIo, testIo } from '../support/io.ts';
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { guardPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const checkout = join(import.meta.dirname, '../..');
/** What is to be refused, and a program that `broker/example_test.ts` runs. */
const notWorkers = ['invalid', 'broker'];
const all = readdirSync(join(checkout, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !notWorkers.includes(entry.name))
  .map(({ name }) => name);
/** The same workers in another way, so that they cannot run beside each other. */
const alone = 'calls/one';
const skipped = noPostgres === undefined ? [] : ['postgres'];

const specs = globSync(all.map((name) => `${name}/*.test.yaml`), { cwd: join(checkout, 'examples') }).sort();
const together = specs.filter((spec) => !spec.startsWith(alone));
const whySkipped = (spec: string): string | undefined => skipped.includes(spec.split('/')[0]!) ? noPostgres : undefined;

let home: string;
let redis: TestRedis;
let host: Server;
let postgres: TestPostgres | undefined;
let up: TestIo;
let running: Promise<number>;
const end = Promise.withResolvers<undefined>();

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rw-examples-'));
  host = createServer(({ url }, response) => {
    response.writeHead(url === '/' ? 200 : 404, { 'content-type': 'text/html' }).end('<h1>A page</h1>');
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  [redis, postgres] = await Promise.all([
    startGuardedRedis(),
    noPostgres === undefined ? startPostgres() : undefined,
    ...all.map((name) => cp(join(checkout, 'examples', name), join(home, name), { recursive: true })),
    // What npm has installed here takes the place of a registry.
    cp(join(checkout, 'package.json'), join(home, 'package.json')),
    symlink(join(checkout, 'node_modules'), join(home, 'node_modules')),
  ]);
  const { port } = host.address() as AddressInfo;
  await instead('http/page-size.ts', 'https://example.com', `http://127.0.0.1:${port}`);
  await instead('http/page-size.yaml', 'example.com:443', `127.0.0.1:${port}`);
  await instead('modules/worker.yaml', 'example.com', `127.0.0.1:${port}`);
  await instead('postgres/order-sink.yaml', '127.0.0.1:5432', `127.0.0.1:${postgres?.port ?? 5432}`);
  up = io({ interrupted: () => end.promise });
  const manifests = all.filter((name) => !skipped.includes(name) && name !== 'calls').map((name) => join(home, name));
  running = run(['up', ...manifests, join(home, 'calls/three.yaml'), '--redis', redis.url, '--no-page'], up);
  const waiting = io();
  const code = await run(['wait', '--timeout', '170'], waiting);
  expect(code, [...up.printed, ...up.failures, ...waiting.failures].join('\n')).toBe(0);
}, 180_000);

afterAll(async () => {
  end.resolve(undefined);
  expect(await running).toBe(0);
  await Promise.all([redis.stop(), postgres?.stop()]);
  host.close();
  await rm(home, { recursive: true });
}, 60_000);

/** Another place for a host or a port the test has not. */
async function instead(path: string, written: string, here: string): Promise<void> {
  const text = await readFile(join(home, path), 'utf8');
  expect(text).toContain(written);
  await writeFile(join(home, path), text.replaceAll(written, here));
}

function io(overrides: Parameters<typeof testIo>[0] = {}): TestIo {
  const environment = { runtimeFolder: home, redisPassword: guardPassword };
  return testIo({ environment, ...overrides });
}

const name = `examples-${process.pid}`;
const run = (words: readonly string[], terminal: TestIo): Promise<number> => main([...words, '--name', name], terminal);

test('every example has a spec', () => {
  expect(all.filter((one) => !specs.some((spec) => spec.startsWith(`${one}/`)))).toEqual([]);
});

describe('each example does what its spec says:', () => {
  for (const spec of together) {
    const why = whySkipped(spec);
    test.skipIf(why !== undefined)(`${spec}${why === undefined ? '' : ` (skipped: ${why})`}`, async () => {
      const terminal = io();
      const code = await run(['test', join(home, spec)], terminal);
      expect(code, [...terminal.printed, ...terminal.failures, ...up.printed.slice(-20)].join('\n')).toBe(0);
    });
  }

  test('the workers that call each other do the same as one process, of the same code', async () => {
    const terminal = io();
    expect(await main(['test', join(home, `${alone}.test.yaml`)], terminal), terminal.printed.join('\n')).toBe(0);
    const cases = async (file: string) => (await readFile(join(home, file), 'utf8')).split('cases:')[1];
    expect(await cases('calls/one.test.yaml')).toBe(await cases('calls/three.test.yaml'));
  });
});

test('whenever it is time the cron example asks once, although two consumers run it', async () => {
  const refs = await eventually('it was time three times', async () => {
    const entries = await redis.client.xrange(responseStreamKey('report'), '-', '+');
    const found = entries.map(([, fields]) => fields[fields.indexOf('ref') + 1]!).filter((ref) =>
      /^report-2/.test(ref)
    );
    return found.length > 2 ? found : undefined;
  }, 60_000);
  expect(new Set(refs).size).toBe(refs.length);
  expect(refs[0]).toMatch(/^report-.*[02468]\.000Z$/);
});
