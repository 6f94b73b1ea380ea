/** The page in a real browser, at the widths of a phone and of a desk. */
import { access } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deadLetterStreamKey, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { defaultTaskDetails, taskQueueKey } from '../../contract/tasks.ts';
import { systemClock } from '../../operator/clock.ts';
import type { HttpServer } from '../../operator/observability/listen.ts';
import { liveWorker } from '../../operator/page/live-worker.ts';
import { pageFile } from '../../operator/page/html.ts';
import { startPageServer } from '../../operator/page/server.ts';
import { pageSource } from '../../operator/page/source.ts';
import { tokenGuard } from '../../operator/page/token-guard.ts';
import { quietLog } from '../support/quiet-log.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { targetAt } from '../support/redis-target.ts';

const chromiumPath = '/usr/bin/chromium';
const hasChromium = await access(chromiumPath).then(() => true, () => false);
if (!hasChromium) {
  process.stderr.write(`the page is not tried: there is no ${chromiumPath}; apt-get install chromium\n`);
}

const html = '<img src=x onerror="document.title=`taken`"><script>document.title="taken"</script>';
const worker = {
  apiVersion: 'redisworker.dev/v1alpha1',
  kind: 'RedisWorker',
  metadata: { name: 'resize', namespace: 'shop', uid: 'u' },
  spec: {},
  status: {
    consumersReady: '1/2',
    stream: { backlog: 12, lag: 7 },
    consumers: [{ id: '1', state: 'Ready', lastCode: 200 }, { id: '2', state: 'Failing', reason: 'CrashLoopBackOff' }],
    conditions: [{
      type: 'Ready',
      status: 'False',
      reason: 'ConsumersFailing',
      message: html,
      lastTransitionTime: '2026-11-30T00:00:00Z',
    }],
  },
};

/** One on a list of tasks. */
const ofTasks = {
  ...worker,
  metadata: { name: 'pricing', namespace: 'shop', uid: 'v' },
  spec: { runtime: 'Rhai', tasks: { circlePublicKey: '02ab' } },
  status: {
    consumersReady: '1/1',
    stream: { backlog: 3, lag: 2, pending: 1, scheduled: 0 },
    consumers: [{ id: '1', state: 'Ready', lastCode: 504, pending: 1, total: 8, failed: 2, p50Ms: 1, p99Ms: 30_000 }],
    conditions: [],
  },
};

/** One of scripts, of which each kind has one that failed. */
const ofScripts = {
  ...worker,
  metadata: { name: 'chores', namespace: 'shop', uid: 'w' },
  spec: { runtime: 'Hats', hats: { threads: [], jobs: [], endpoints: [] }, http: {} },
  status: {
    consumersReady: '2/2',
    hats: {
      threads: { running: 2, stopped: 0, disabled: 1, crashed: 1 },
      jobs: { running: 0, stopped: 14, disabled: 0, crashed: 1 },
      endpoints: { enabled: 3, disabled: 0, failing: 1 },
      crashed: [
        { key: 'chores:Endpoints:/orders', error: 'Error: no order (line 3, column 9)', time: '2026-11-30T00:00:00Z' },
        { key: 'chores:Jobs:count.js', error: html },
        { key: `chores:Threads:${'deep/'.repeat(20)}shout.js`, error: "ReferenceError: 'x' is not defined" },
      ],
    },
    consumers: [{ id: '1', state: 'Ready' }, { id: '2', state: 'Ready' }],
    conditions: [],
  },
};

let server: HttpServer;
let readOnly: HttpServer;
let redis: TestRedis;
let browser: Browser;
let address: string;
/** The pairs that the layout of one view is tried at; all four for those that everybody sees. */
const two = [[390, 'dark'], [1280, 'light']] as const;
const widths = [[390, 'light'], [390, 'dark'], [1280, 'light'], [1280, 'dark']] as const;

/** The page on a port, of a worker whose Redis is a real one. @param send absent: it only shows */
function serve(port: number, send?: Parameters<typeof pageSource>[0]['send']): Promise<HttpServer> {
  const operator = {
    workers: () => [liveWorker(worker, undefined), liveWorker(ofTasks, undefined), liveWorker(ofScripts, undefined)],
    redisOf: () => targetAt({ port: redis.port }),
  };
  return startPageServer({
    address: '127.0.0.1',
    port,
    guard: tokenGuard('t'),
    howToEnter: 'open the address that was printed',
    hosts: ['127.0.0.1'],
    page: pageFile,
    source: pageSource({
      operator: () => operator,
      clock: systemClock,
      mode: send === undefined ? 'Cluster' : 'Local',
      absence: () => '',
      ...(send === undefined ? {} : { send }),
    }),
    clock: systemClock,
    log: quietLog(),
  });
}

const reply = () => Promise.resolve({ ref: 'r', ms: 3, code: 200, reply: JSON.stringify({ html }) });

beforeAll(async () => {
  if (!hasChromium) return;
  redis = await startRedis();
  [server, readOnly, browser] = await Promise.all([
    serve(0, reply),
    serve(0),
    chromium.launch({ executablePath: chromiumPath, chromiumSandbox: false, timeout: 60_000 }),
  ]);
  address = addressOf(server);
});
afterAll(async () => {
  if (!hasChromium) return;
  await browser.close();
  await Promise.all([server.close(), readOnly.close(), redis.stop()]);
});

const addressOf = ({ port }: HttpServer): string => `http://127.0.0.1:${port}/`;

/** A page of its own, and what went wrong in it. */
async function opened(path: string, width = 1280, colorScheme: 'light' | 'dark' = 'light', at = address) {
  const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => (message.type() === 'error' ? faults.push(message.text()) : undefined));
  await page.goto(at + path);
  return { page, faults };
}

/** Figures that their cell has no room for. */
const cutOff =
  '[...document.querySelectorAll(".figures dd")].filter((dd) => dd.scrollWidth > dd.clientWidth).map((dd) => dd.textContent)';
const scrolls = (page: Page) => page.evaluate('document.documentElement.scrollWidth > innerWidth');

describe.skipIf(!hasChromium)('the status page', () => {
  test.each(widths)('shows all workers and one in depth at %d pixels in %s colours', async (width, colours) => {
    const { page, faults } = await opened('#token=t', width, colours);
    await page.getByRole('link', { name: 'resize' }).click();
    await page.getByText('CrashLoopBackOff').waitFor();
    await page.getByRole('heading', { name: 'shop/resize' }).waitFor();
    expect([page.url(), await scrolls(page), await page.title()]).toEqual([
      `${address}#/shop/resize`,
      false,
      'redisworker',
    ]);
    expect(await page.getByText(html).first().isVisible()).toBe(true);
    await page.getByRole('link', { name: 'Send' }).click();
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('pre').waitFor();
    expect([await page.locator('img').count(), await page.title(), await scrolls(page)]).toEqual([
      0,
      'redisworker',
      false,
    ]);
    expect(faults).toEqual([]);
    await page.close();
  });

  test.each(two)(
    'sends a dead letter again at %d pixels in %s colours, once it is said twice',
    async (width, colours) => {
      const [letters, requests] = [deadLetterStreamKey('resize'), requestStreamKey('resize')];
      await redis.client.del(letters, requests);
      await redis.client.xgroup('CREATE', requests, 'worker', '0', 'MKSTREAM');
      const fields = ['ref', `r-${width}`, 'data', html, 'rw:reason', `it broke: ${html}`, 'rw:attempts', '3'];
      await redis.client.xadd(letters, '*', ...fields);
      const { page, faults } = await opened('#token=t', width, colours);
      await page.getByRole('link', { name: 'resize' }).click();
      await page.getByRole('link', { name: 'Dead letters' }).click();
      const reason = page.getByText('it broke');
      expect((await reason.boundingBox())?.width).toBeGreaterThan(240); // not a word to a line
      await reason.click();
      await page.getByText(html, { exact: true }).first().waitFor();
      await page.getByRole('button', { name: 'Replay' }).click();
      expect(await scrolls(page)).toBe(false);
      expect(await redis.client.xlen(letters)).toBe(1);
      await page.getByRole('button', { name: 'Send it again' }).click();
      await page.getByText('was sent again').waitFor();
      await page.getByText('No dead letter').waitFor();
      const [[, sent] = []] = await redis.client.xrange(requests, '-', '+');
      expect(sent).toEqual(fields.slice(0, 4));
      expect([await redis.client.xlen(letters), await page.title(), await scrolls(page), faults]).toEqual([
        0,
        'redisworker',
        false,
        [],
      ]);
      await page.close();
    },
  );

  test('says what became of a letter that somebody else has sent meanwhile', async () => {
    const letters = deadLetterStreamKey('resize');
    await redis.client.del(letters);
    const id = await redis.client.xadd(letters, '*', 'ref', 'gone', 'rw:reason', 'it broke');
    const { page } = await opened('#token=t');
    await page.goto(`${address}#/shop/resize/dead`);
    await page.getByText('it broke').click();
    await page.getByRole('button', { name: 'Replay' }).click();
    await redis.client.xdel(letters, id!);
    for (let looked = 0; looked < 2; looked++) await page.waitForResponse(/\/dead$/);
    await page.getByRole('button', { name: 'Send it again' }).click();
    await page.getByText(`the dead letter ${id} is gone: it was sent or removed meanwhile`).waitFor();
    await page.close();
  });

  test('goes on by itself when what serves it is back, with what it knew', async () => {
    const first = await serve(0, reply);
    const { page } = await opened('#token=t', 1280, 'light', addressOf(first));
    await page.getByText('live', { exact: true }).waitFor();
    await first.close();
    await page.getByRole('alert').waitFor();
    await page.getByText('reconnecting', { exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'resize' }).isVisible()).toBe(true);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      expect([width, await scrolls(page)]).toEqual([width, false]);
    }
    const second = await serve(first.port, reply);
    await page.getByText('live', { exact: true }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.close();
    await second.close();
  });

  test.each(two)(
    'of a cluster has nothing to send or to replay at %d pixels in %s colours',
    async (width, colours) => {
      const letters = deadLetterStreamKey('resize');
      await redis.client.del(letters);
      await redis.client.xadd(letters, '*', 'ref', 'r1', 'data', html, 'rw:reason', 'it broke');
      const { page, faults } = await opened('#token=t', width, colours, addressOf(readOnly));
      await page.getByText('read-only').waitFor();
      await page.getByRole('link', { name: 'resize' }).click();
      await page.getByRole('link', { name: 'Dead letters' }).click();
      await page.getByText('it broke').click();
      await page.getByText(html, { exact: true }).first().waitFor();
      expect(await page.getByRole('button').count()).toBe(0);
      expect(await page.getByRole('link', { name: 'Send' }).count()).toBe(0);
      await page.getByRole('link', { name: 'Look up' }).click();
      await page.getByLabel('Reference').fill('r1');
      await page.keyboard.press('Enter');
      await page.locator('.verdict').waitFor();
      expect([await scrolls(page), await page.title(), faults]).toEqual([false, 'redisworker', []]);
      await page.close();
    },
  );

  test.each(two)(
    'tells where a task is, and sends one, at %d pixels in %s colours',
    async (width, colours) => {
      const queue = taskQueueKey('02ab');
      await redis.client.del(queue);
      await redis.client.hset(`${defaultTaskDetails}t1`, { script: 'gross(10.0)', callerId: html, status: 'pending' });
      await redis.client.rpush(queue, 't0', 't1');
      const { page, faults } = await opened('#token=t', width, colours);
      await page.getByRole('link', { name: 'pricing' }).click();
      await page.getByText('In flight').first().waitFor();
      expect(await page.getByText('To be retried').count()).toBe(0);
      await page.getByRole('link', { name: 'Look up' }).click();
      await page.getByLabel('Id of the task').fill('t1');
      await page.keyboard.press('Enter');
      await page.getByText('the task t1 waits: no consumer has taken it yet, 1 is ahead of it').waitFor();
      await page.getByText('gross(10.0)').waitFor();
      expect([await scrolls(page), await page.title()]).toEqual([false, 'redisworker']);
      await page.getByRole('link', { name: 'Send' }).click();
      await page.getByLabel('The script, in Rhai').fill('1 + 1');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.locator('pre').waitFor();
      expect([await scrolls(page), faults]).toEqual([false, []]);
      await page.close();
    },
  );

  test.each(widths)(
    'of scripts tells how they stand and what failed, and offers nothing to send, at %d pixels in %s colours',
    async (width, colours) => {
      const [run, stream] = ['Jobs:count.js:2026-11-30T12:00:00.000Z', responseStreamKey('chores')];
      await redis.client.del(stream);
      await redis.client.xadd(stream, '*', 'ref', run, 'type', 'chores', 'code', '500', 'res', '{}');
      const { page, faults } = await opened('#token=t', width, colours);
      await page.getByRole('link', { name: 'chores' }).click();
      await page.getByText('14 stopped').waitFor();
      await page.getByText('1 failing').waitFor();
      await page.getByText(html, { exact: true }).waitFor();
      await page.getByText('Error: no order (line 3, column 9)').waitFor();
      expect([await scrolls(page), await page.title()]).toEqual([false, 'redisworker']);
      expect(await page.evaluate(cutOff)).toEqual([]);
      expect(await page.getByText(/^(Backlog|Waiting|In flight|To be retried)$/).count()).toBe(0);
      const offered = await page.getByRole('navigation', { name: 'Parts of this worker' }).getByRole('link')
        .allTextContents();
      expect(offered).toEqual(['Overview', 'Look up']);
      await page.getByRole('link', { name: 'Look up' }).click();
      await page.getByLabel('The run').fill(run);
      await page.keyboard.press('Enter');
      await page.locator('.verdict').waitFor();
      expect([await scrolls(page), faults]).toEqual([false, []]);
      for (const absent of ['dead', 'send']) {
        await page.goto(`${address}#/shop/chores/${absent}`);
        await page.getByText('14 stopped').waitFor();
      }
      await page.close();
    },
  );

  test('refuses what nobody can send to scripts, whoever asks', async () => {
    const ask = async (path: string, body?: object) => {
      const headers = { authorization: 'Bearer t', 'content-type': 'application/json' };
      const method = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const answer = await fetch(`${address}data/workers/shop/chores/${path}`, { headers, ...method });
      return [answer.status, await answer.json()];
    };
    const why = { error: 'shop/chores runs scripts: nothing can be sent to it, and it has no dead letters' };
    expect(await ask('dead')).toEqual([409, why]);
    expect(await ask('dead/1-1/replay', {})).toEqual([409, why]);
    expect(await ask('send', { data: '{}', timeoutSeconds: 1 })).toEqual([409, why]);
  });

  test('asks for the token where the address has none', async () => {
    const { page } = await opened('');
    await page.getByLabel('Token').fill('t');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'resize' }).waitFor();
    await page.close();
  });
});
