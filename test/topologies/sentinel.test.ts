/** Redis behind Sentinels, as the operator reaches it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { knowsTls, noTls } from '../support/redis.ts';
import { signedBy } from '../support/tls/certificates.ts';
import { startSentinelSet } from '../support/topologies/sentinel.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a set has another master after a failover, and after a crash', async (t) => {
  if (!(await knowsTls())) t.skip(noTls);
  const dir = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  cleanups.push(() => rmSync(dir, { recursive: true }));
  const set = await startSentinelSet({ password: 'p', sentinelPassword: 'q', tls: await signedBy(dir, 'ours') });
  cleanups.push(() => set.stop());
  const first = await set.master();
  const second = await set.failOver();
  const third = await set.crashMaster();
  expect([second === first, third === second]).toEqual([false, false]);
});
