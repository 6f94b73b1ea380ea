import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { testIo } from '../test/support/io.ts';
import { main } from './main.ts';

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = testIo();
  const code = await main(argv, io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

describe('a wrong call ends with code 2 and one sentence', () => {
  test.each([
    [['launch'], `unknown command 'launch'`],
    [['launch', '--help'], `unknown command 'launch'; see "redisworker --help"`],
    [['-h', 'launch'], `unknown command 'launch'`],
    [['help', 'launch'], `unknown command 'launch'`],
    [['sned'], `unknown command 'sned'; did you mean send?; see "redisworker --help"`],
    [['send'], `missing required argument 'type'`],
    [['send', 'demo-worker'], 'the request is missing'],
    [['send', 'demo-worker', '{}', '--field', 'name'], 'It reads name=value; see '],
    [['send', 'demo-worker', '{}', '--field', '=1'], 'It reads name=value; see '],
    [['send', 'demo-worker', '{}', '--field', 'a=1', '--field', 'a=2'], 'The field "a" is given twice; see '],
    [['send', 'demo-worker', '{}', '--field', 'ref=1'], 'The field "ref" is set by --ref; see '],
    [['send', 'demo-worker', '{}', '--field', 'type=t'], 'The field "type" is the first argument; see '],
    [['send', 'demo-worker', '{}', '--field', 'data={}'], 'The field "data" is the second argument; see '],
    [['send', 'demo-worker', '{}', '--field', 'workerUrl=file:'], 'The field "workerUrl" is set by --worker-url; see '],
    [
      ['send', 'demo-worker', '{}', '--field', 'rw:attempt=1'],
      `Fields that begin with "rw:" are the runtime's own; see `,
    ],
    [['send', 'demo-worker', '{}', 'more'], 'too many arguments'],
    [['send', 'demo-worker', '{}', '--loud'], `unknown option '--loud'`],
    [['send', 'demo-worker', '{}', '--timeout', '0'], 'It must be a whole number from 1 to 86400; see '],
    [['send', 'demo-worker', '{}', '--timeout', 'soon'], 'It must be a whole number from 1 to 86400; see '],
    [['send', 'demo-worker', '{name:Ada}'], 'the request is not JSON'],
    [['send', 'demo-worker', '{}', '--ref', 'two\nlines'], '--ref takes 1 to 512 bytes without control characters'],
    [['send', 'demo-worker', '{}', '--redis', 'localhost:6379'], 'it must read redis://host:port/database'],
    [['send', 'demo-worker', '{}', '--name', '../up'], '"../up" is no session name'],
    [['status', '-o', 'xml'], 'Allowed choices are wide, yaml, json; see '],
    [['status', '--watch', '-o', 'yaml'], '--watch shows the table: leave out "-o yaml"'],
    [['dead', 'bury'], `unknown command 'bury'`],
    [['dead', 'bury', '--help'], `unknown command 'bury'; see "redisworker dead --help"`],
    [['wait', '--timeout', 'soon'], 'It must be a whole number from 1 to 86400; see '],
    [['trace'], `missing required argument 'type'`],
    [['trace', 'w', 'r', '--limit', '0'], 'It must be a whole number from 1 to 10000000; see '],
    [['dead', 'list'], `missing required argument 'type'`],
    [['dead', 'list', 'w', '--limit', '0'], 'It must be a whole number from 1 to 100000; see '],
    [['dead', 'show', 'w'], `missing required argument 'id'`],
    [['dead', 'show', 'w', '17'], 'the id of a dead letter reads 1700000000000-0'],
    [['dead', 'redrive', 'w'], 'name one dead letter by its id, or take every one with --all'],
    [['dead', 'purge', 'w', '1-1', '--all'], 'name one dead letter by its id, or take every one with --all'],
    [['up'], `missing required argument 'files'`],
    [['completion', 'csh'], 'Allowed choices are bash, zsh, fish; see '],
    [['init'], `missing required argument 'name'`],
    [['init', 'a', '--template', 'x'], 'Allowed choices are handler, http, cron, postgres, script, rhai; see '],
    [['logs'], `missing required argument 'worker'`],
    [['resolve'], `missing required argument 'workers'`],
    [['resolve', 'a', '--timeout', '0'], 'It must be a whole number from 1 to 86400; see '],
    [['validate'], `missing required argument 'files'`],
    [['test'], `missing required argument 'specs'`],
    [['test', 'a.yaml', '--ready-timeout', '0'], 'It must be a whole number from 1 to 3600; see '],
  ])('%j: %s', async (argv, sentence) => {
    const { code, out, err } = await run(...argv);
    expect(err).toContain(sentence);
    expect(err.split('\n')).toHaveLength(1);
    expect(out).toBe('');
    expect(code).toBe(2);
  });
});

test('without a command the help is shown', async () => {
  const { code, err } = await run();
  expect(err).toContain('Usage: redisworker');
  expect(code).toBe(2);
});

test.each([
  ['--help'],
  ['send', '--help'],
  ['up', '--help'],
  ['status', '--help'],
  ['wait', '--help'],
  ['top', '--help'],
  ['help', 'send'],
  ['trace', '--help'],
  ['dead', '--help'],
  ['dead', 'list', '--help'],
  ['dead', 'show', '--help'],
  ['dead', 'redrive', '--help'],
  ['dead', 'purge', '--help'],
  ['doctor', '--help'],
  ['test', '--help'],
  ['schema', '--help'],
  ['validate', '--help'],
  ['logs', '--help'],
  ['resolve', '--help'],
  ['init', '--help'],
  ['completion', '--help'],
])('%s %s shows examples', async (...argv) => {
  const { code, out } = await run(...argv);
  expect(out).toContain('Examples:\n  redisworker');
  expect(out).not.toMatch(/default:\s+[[{]/);
  expect(code).toBe(0);
});

test('the version is the one of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await run('--version')).toEqual({ code: 0, out: version, err: '' });
});

test.each([[['schema'], 'RedisWorker'], [['schema', '--spec'], 'redisworker test spec']])(
  '%j prints the JSON Schema of %s',
  async (argv, title) => {
    const { out, code } = await run(...argv);
    expect(JSON.parse(out)).toMatchObject({ $schema: 'http://json-schema.org/draft-07/schema#', title });
    expect(code).toBe(0);
  },
);

test('crd prints the CustomResourceDefinition', async () => {
  const { out, code } = await run('crd');
  expect(parse(out)).toMatchObject({
    kind: 'CustomResourceDefinition',
    metadata: { name: 'redisworkers.redisworker.dev' },
  });
  expect(code).toBe(0);
});
