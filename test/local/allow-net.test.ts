/** Our reading of allow-net against the real Deno: its grammar, its answers, its dials. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { formatEntry, formatScope, parseScope } from '../../operator/redisworker/network/allow-net/canonical.ts';
import { denoAllows } from '../../operator/redisworker/network/allow-net/deno-allows.ts';
import { denoDenyFlag, denoNetFlag } from '../../operator/redisworker/network/allow-net/deno-flags.ts';
import type { Scope } from '../../operator/redisworker/network/allow-net/entry.ts';
import { refusedByDeno, refusedByUsAlone, taken } from '../support/net-corpus.ts';
import { freePort, start } from '../support/processes.ts';

const denoDir = mkdtempSync(join(tmpdir(), 'redisworker-deno-'));
afterAll(() => rmSync(denoDir, { recursive: true, force: true }));

interface Run {
  readonly code: number | string;
  readonly output: string;
}

/** Runs a one-line module under exactly these net flags. */
async function deno(flags: readonly string[], module: string): Promise<Run> {
  const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1', DENO_DIR: denoDir };
  const url = `data:text/javascript,${encodeURIComponent(module)}`;
  const child = start('node_modules/.bin/deno', ['run', '--no-prompt', '--no-config', '--no-lock', ...flags, url], {
    env,
  });
  const code = await child.ended;
  return { code, output: child.output() };
}

/** Two at a time: as many as the smallest machine has cores. */
async function eachOf<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let index = 0; index < items.length; index += 2) {
    results.push(...await Promise.all(items.slice(index, index + 2).map(run)));
  }
  return results;
}

function scopeOf(entries: readonly string[]): Scope {
  const parsed = parseScope(entries);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.scope;
}

const flag = (
  name: string,
  texts: readonly string[],
): string[] => (texts.length === 0 ? [] : [`--${name}=${texts.join(',')}`]);

describe('the grammar', () => {
  test('every entry we take is one Deno takes, in our form and in the form it was written in', async () => {
    const [canonical, written] = await eachOf(
      [1, 0] as const,
      (column) => deno(flag('allow-net', taken.map((row) => row[column])), 'console.log("started")'),
    );
    expect(canonical).toEqual({ code: 0, output: 'started\n' });
    expect(written).toEqual({ code: 0, output: 'started\n' });
  });

  test('the lists of a worker are ones Deno takes', async () => {
    const scope = scopeOf(taken.map(([text]) => text));
    const flags = [
      ...flag('allow-net', denoNetFlag(scope, [{ host: '::1', port: 6379 }], ['0.0.0.0:8085'])),
      ...flag('deny-net', denoDenyFlag(scope, [])),
    ];
    expect(await deno(flags, 'console.log("started")')).toEqual({ code: 0, output: 'started\n' });
  });

  test('Deno would exit on the entries we say it refuses', async () => {
    const runs = await eachOf(
      refusedByDeno,
      async ([text]) => ({ text, code: (await deno([`--allow-net=${text}`], '')).code }),
    );
    expect(runs.filter(({ code }) => code === 0)).toEqual([]);
  });

  test('Deno would take the entries that we alone refuse', async () => {
    const run = await deno(flag('allow-net', refusedByUsAlone.map(([text]) => text)), 'console.log("started")');
    expect(run).toEqual({ code: 0, output: 'started\n' });
  });
});

const ports = [80, 443];
const name = fc.constantFrom('b', 'a.b', 'x.a.b', 'y.x.a.b', 'c.b', 'xa.b', 'localhost');
const ip = fc.constantFrom(
  '10.1.0.1',
  '10.1.0.2',
  '10.2.0.1',
  '192.0.2.1',
  '127.0.0.1',
  '0.0.0.0',
  '[2001:db8::1]',
  '[::1]',
);
const wildcard = fc.constantFrom('*.a.b', '*.x.a.b', '*.c.b');
const cidr = fc.constantFrom('10.1.0.0/16', '10.0.0.0/8', '10.1.0.0/31', '0.0.0.0/0');
const withPort = (host: fc.Arbitrary<string>) =>
  fc.tuple(host, fc.constantFrom('', ...ports.map((port) => `:${port}`))).map((parts) => parts.join(''));
const named = fc.array(withPort(fc.oneof(name, wildcard)), { maxLength: 4 });
const anything = fc.array(fc.oneof(withPort(fc.oneof(name, wildcard, ip, cidr)), fc.constantFrom(':80', ':443')), {
  maxLength: 6,
});
const questions = [
  'b',
  'A.b',
  'x.a.b.',
  'y.x.a.b',
  'c.b',
  'xa.b',
  'q.c.b',
  'localhost',
  '10.1.0.1',
  '10.1.0.2',
  '10.2.0.1',
  '192.0.2.1',
  '127.0.0.1',
  '0.0.0.0',
  '[2001:db8::1]',
  '[::1]',
  '[::ffff:10.1.0.1]',
]
  .flatMap((host) => ports.map((port) => ({ host, port })));

describe('the answers', () => {
  test('random scopes, and denials by name, mean to us what they mean to Deno', async () => {
    const cases = fc.sample(fc.record({ allow: anything, deny: named }), { seed: 20_26, numRuns: 30 });
    const module = `console.log(JSON.stringify(${
      JSON.stringify(questions)
    }.map(({host, port}) => Deno.permissions.querySync({name: "net", host: host + ":" + port}).state === "granted")))`;
    const differences = await eachOf(cases, async ({ allow, deny }) => {
      const [scope, denied] = [scopeOf(allow), scopeOf(deny)];
      const run = await deno(
        [...flag('allow-net', formatScope(scope)), ...flag('deny-net', formatScope(denied))],
        module,
      );
      const theirs = JSON.parse(run.output) as boolean[];
      return questions
        .filter(({ host, port }, index) => denoAllows(scope, denied, host, port) !== theirs[index])
        .map(({ host, port }) => ({ allow: scope.map(formatEntry), deny: denied.map(formatEntry), host, port }));
    });
    expect(differences.flat()).toEqual([]);
  });
});

describe('the dials', () => {
  const denials: readonly (readonly [allow: string[], deny: string[], host: string])[] = [
    [['127.0.0.0/8'], ['127.1.0.0/16'], '127.1.0.1'],
    [['127.0.0.0/8'], ['127.1.0.0/16'], '127.2.0.1'],
    [['127.1.0.1'], ['127.0.0.0/8'], '127.1.0.1'],
    [['127.1.0.0/16'], ['127.1.0.1'], '127.1.0.1'],
    [['localhost'], ['127.0.0.1', '[::1]'], 'localhost'],
    [['localhost'], ['127.1.0.0/16'], 'localhost'],
    [['127.0.0.0/8'], ['127.1.0.0/16:1'], '127.1.0.1'],
  ];

  test('a denied address is refused however specific the entry that allows it, also behind a name', async () => {
    const port = await freePort();
    const runs = await eachOf(denials, async ([allow, deny, host]) => {
      const module =
        `try { await Deno.connect({hostname: "${host}", port: ${port}}) } catch (error) { console.log(error.name) }`;
      const specific = allow.map((entry) => `${entry}:${port}`);
      const run = await deno([...flag('allow-net', specific), ...flag('deny-net', deny)], module);
      const ours = denoAllows(scopeOf(specific), scopeOf(deny), host, port, host === 'localhost' ? ['127.0.0.1'] : []);
      return { host, allow, deny, theirs: run.output, ours: ours ? 'ConnectionRefused\n' : 'NotCapable\n' };
    });
    expect(runs.filter(({ ours, theirs }) => ours !== theirs)).toEqual([]);
  });
});
