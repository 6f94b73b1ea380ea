import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../clock.ts';
import { eventually } from '../../../../test/support/wait.ts';
import { FolderWatch } from './watch-folders.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisworker-watch-'));
});
afterAll(() => rm(folder, { recursive: true }));

const open = (): number => process.getActiveResourcesInfo().filter((one) => one === 'FSEventWrap').length;

test('a change in a folder is told, until the watch is closed', async () => {
  let changes = 0;
  const before = open();
  const watch = new FolderWatch(systemClock, () => (changes += 1));
  await watch.watch([folder]);
  expect(open()).toBe(before + 1);
  await writeFile(join(folder, 'a'), '');
  await eventually('the change is told', () => changes > 0);
  watch.close();
  await eventually('it is closed', () => open() === before);
});

test('a watch that is closed while it looks at its folders leaves none open, which would keep the process from ending', async () => {
  const before = open();
  const watch = new FolderWatch(systemClock, () => undefined);
  const watching = watch.watch([folder]);
  watch.close();
  await watching;
  await watch.watch([folder]);
  await eventually('none is open', () => open() === before, 10_000);
});
