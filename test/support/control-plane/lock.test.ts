import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { start } from '../processes.ts';
import { withLock } from './lock.ts';

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'redisworker-lock-'));
  file = join(dir, 'lock');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it('names its holder and is gone afterwards, also after a failure', async () => {
  await withLock(file, async () => expect(await readFile(file, 'utf8')).toBe(String(process.pid)), () => undefined);
  await expect(withLock(file, () => Promise.reject(new Error('failed')), () => undefined)).rejects.toThrow('failed');
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

it('is waited for while its holder lives', async () => {
  const holder = start('sleep', ['60']);
  await writeFile(file, String(holder.pid));
  const waitedFor: number[] = [];
  await withLock(file, () => Promise.resolve(), (pid) => {
    waitedFor.push(pid);
    void holder.stop();
  });
  expect(waitedFor).toEqual([holder.pid]);
});

it('is taken over from a holder that is no more', async () => {
  const holder = start('true', []);
  await holder.ended;
  await writeFile(file, String(holder.pid));
  expect(
    await withLock(file, () => Promise.resolve('done'), () => {
      throw new Error('nobody holds it');
    }),
  ).toBe('done');
});
