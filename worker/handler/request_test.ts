import { assertEquals } from '../testing/assert.ts';
import { createLog } from '../pod/log.ts';
import { decodeEntry } from './entry.ts';
import { EntryContext } from './request.ts';

const told: number[] = [];
const shared = {
  secrets: {},
  config: { type: 'demo', consumerId: '1' },
  logWith: createLog,
  progress: (_ref: string, percent: number) => void told.push(percent),
};

Deno.test('a handler whose request has an outcome tells no more progress', () => {
  const ended = new EntryContext('r', decodeEntry('1-1', []), shared);
  const aborted = new EntryContext('r', decodeEntry('1-2', []), shared);
  for (const { progress } of [ended, aborted]) progress(10);
  ended.end();
  aborted.abort('its time is over');
  for (const { progress } of [ended, aborted]) progress(20);
  assertEquals(told, [10, 10]);
});
