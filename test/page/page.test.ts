/** The page in a real browser, at the widths of a phone and of a desk. */
import { access } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../operator/clock.ts';
import type { HttpServer } from '../../operator/observability/listen.ts';
import { liveWorker } from '../../operator/page/live-worker.ts';
import { pageFile } from '../../operator/page/html.ts';
import { startPageServer } from '../../operator/page/server.ts';
import { pageSource } from '../../operator/page/source.ts';
import { tokenGuard } from '../../operator/page/token-guard.ts';
import { quietLog } from '../support/quiet-log.ts';

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

let server: HttpServer;
let browser: Browser;
let address: string;
const widths = [[390, 'light'], [390, 'dark'], [1280, 'light'], [1280, 'dark']] as const;

beforeAll(async () => {
  if (!hasChromium) return;
  const operator = { workers: () => [liveWorker(worker, undefined)], redisOf: () => undefined };
  const source = pageSource({ operator: () => operator, clock: systemClock, mode: 'Local', absence: () => '' });
  const acts = {
    send: () => Promise.resolve({ ref: 'r', ms: 3, code: 200, reply: JSON.stringify({ html }) }),
    replay: () => Promise.resolve(),
  };
  server = await startPageServer({
    address: '127.0.0.1',
    port: 0,
    guard: tokenGuard('t'),
    howToEnter: 'open the address that was printed',
    hosts: ['127.0.0.1'],
    page: pageFile,
    source: { ...source, acts },
    clock: systemClock,
    log: quietLog(),
  });
  address = `http://127.0.0.1:${server.port}/`;
  browser = await chromium.launch({ executablePath: chromiumPath, chromiumSandbox: false, timeout: 60_000 });
});
afterAll(async () => {
  if (!hasChromium) return;
  await browser.close();
  await server.close();
});

/** A page of its own, and what went wrong in it. */
async function opened(path: string, width = 1280, colorScheme: 'light' | 'dark' = 'light') {
  const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => (message.type() === 'error' ? faults.push(message.text()) : undefined));
  await page.goto(address + path);
  return { page, faults };
}

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

  test('asks for the token where the address has none', async () => {
    const { page } = await opened('');
    await page.getByLabel('Token').fill('t');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'resize' }).waitFor();
    await page.close();
  });
});
