import { spawnSync } from 'node:child_process';
import { env } from 'node:process';
import { expect, test } from 'vitest';

/** A terminal and a file, as Node presents them. */
const program = `
import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { wantsColours } from './operator/observability/colours.ts';
const terminal = Object.assign(new PassThrough(), { isTTY: true, getColorDepth: () => WriteStream.prototype.getColorDepth() });
console.log(JSON.stringify({ terminal: wantsColours(terminal), file: wantsColours(new PassThrough()) }));`;

test.each<[Record<string, string>, { terminal: boolean; file: boolean }]>([
  [{}, { terminal: true, file: false }],
  [{ NO_COLOR: '1' }, { terminal: false, file: false }],
  [{ FORCE_COLOR: '1' }, { terminal: true, file: true }],
  [{ FORCE_COLOR: '0' }, { terminal: false, file: false }],
  [{ TERM: 'dumb' }, { terminal: false, file: false }],
])('with %j in the environment colours are wanted on %j', (variables, wanted) => {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: env['PATH'], TERM: 'xterm', ...variables },
    encoding: 'utf8',
  });
  expect(JSON.parse(stdout)).toEqual(wanted);
});
