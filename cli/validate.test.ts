import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testIo } from '../test/support/io.ts';
import { main } from './main.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rw-validate-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function validate(text: string, ...words: string[]): Promise<{ code: number; out: string; err: string[] }> {
  const file = join(folder, 'a.yaml');
  await writeFile(file, text);
  const io = testIo();
  const code = await main(['validate', file, ...words], io);
  return { code, out: io.printed.join('\n'), err: io.failures.map((line) => line.replaceAll(`${folder}/`, '')) };
}

const worker = (spec: string, name = 'w'): string =>
  `apiVersion: redisworker.dev/v1alpha1\nkind: RedisWorker\nmetadata:\n  name: ${name}\nspec:\n${spec}\n`;
const source = '  source:\n    inline: |\n      export default () => 1;';

test('what is well is counted', async () => {
  expect(await validate(`${worker(source)}---\n${worker(source, 'v')}`)).toEqual({
    code: 0,
    out: '2 workers, and nothing wrong',
    err: [],
  });
});

describe('a fault is told with the line of its field', () => {
  test.each([
    [
      'a field there is not',
      worker(`${source}\n  consumers:\n    count: 2\n    cuont: 2`),
      'a.yaml:11: RedisWorker default/w: strict',
    ],
    [
      'a value',
      worker(`  consumers:\n    count: -1\n${source}`),
      'a.yaml:7: RedisWorker default/w: spec.consumers.count: ',
    ],
    ['a rule', worker(`${source}\n  permissions:\n    net:\n      - a.example:80\n      - http://b`), 'a.yaml:12: '],
    [
      'a host',
      worker(`${source}\n  permissions:\n    net: ['*.example:80']`),
      'a.yaml:10: RedisWorker default/w: spec.permissions.net',
    ],
    [
      'what is missing',
      worker('  consumers:\n    count: 1'),
      'a.yaml:6: RedisWorker default/w: spec.source: spec.source is what runtimes Handler and Script need',
    ],
    [
      'a prelude',
      worker(
        '  runtime: Rhai\n  tasks:\n    circlePublicKey: a\n  source:\n    inline: |\n      fn f() { 1 }\n      let = ;',
      ),
      'a.yaml:12: RedisWorker default/w: line 2 of spec.source.inline: Syntax error: ',
    ],
    [
      'a module of several',
      worker(
        "  runtime: Modules\n  modules:\n    - {name: well, source: {inline: 'export const f = () => 1'}}\n    - name: wrong\n      source:\n        inline: |\n          const a = 1;\n          const = ;",
      ),
      'a.yaml:13: RedisWorker default/w: line 2 of spec.modules[1].source.inline: ',
    ],
    ['no YAML', 'kind: [', 'a.yaml:1: this is not YAML'],
    [
      'code that is none',
      worker(`${source.replace('1;', '{')}\n        const a = ;\n      };`),
      'a.yaml:9: RedisWorker default/w: line 2 of spec.source.inline: Expression expected',
    ],
  ])('%s', async (_, text, sentence) => {
    const { code, out, err } = await validate(text);
    expect(err.join('\n')).toContain(sentence);
    expect(err).toHaveLength(1);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });
});

test('a module beside the manifest is looked into, and has to be there', async () => {
  const text = worker('  source:\n    file: code.ts');
  expect((await validate(text)).err).toEqual([
    'a.yaml:7: RedisWorker default/w: spec.source.file: there is no file code.ts that can be read',
  ]);
  await writeFile(join(folder, 'code.ts'), 'export default () => 1;\nconst a = ;\n');
  expect((await validate(text)).err).toEqual(['code.ts:2: Expression expected']);
  await writeFile(join(folder, 'code.ts'), 'export default () => 1;\n');
  expect((await validate(text)).code).toBe(0);
});

test('modules beside the manifest are looked into, and may import what modules call each other by', async () => {
  const text = worker('  runtime: Modules\n  modules:\n    - name: hello\n      source:\n        file: hello.ts');
  expect((await validate(text)).err).toEqual([
    'a.yaml:10: RedisWorker default/w: spec.modules[0].source.file: there is no file hello.ts that can be read',
  ]);
  const code = "import { brokerProxy } from 'redisworker/broker/worker';\nexport const f = () => brokerProxy();\n";
  await writeFile(join(folder, 'hello.ts'), code);
  expect(await validate(text)).toMatchObject({ code: 0, err: [] });
  await writeFile(join(folder, 'hello.ts'), code.replace('broker/worker', 'broker/nothing'));
  expect((await validate(text)).err.join()).toContain('hello.ts:1:29: "redisworker/broker/nothing" is not known');
  await writeFile(join(folder, 'hello.ts'), `${code}const a = ;\n`);
  expect((await validate(text)).err).toEqual(['hello.ts:3: Expression expected']);
});

test('what a module beside the manifest imports is followed, without any network', async () => {
  const text = worker('  source:\n    file: code.ts');
  const faultOf = async (code: string): Promise<string | undefined> => {
    await writeFile(join(folder, 'code.ts'), code);
    const said = (await validate(text)).err.join('\n');
    return said.replaceAll(`${folder}/`, '').replaceAll(`${relative(process.cwd(), folder)}/`, '');
  };
  await writeFile(join(folder, 'lib.ts'), "import './gone.ts';\nexport const a = 1;\n");
  expect(await faultOf("import { a } from './lib.ts';\nexport default () => a;\n")).toBe(
    'lib.ts:1:8: there is no gone.ts, which is imported here',
  );
  expect(await faultOf("import _ from 'lodash';\nexport default () => _;\n")).toMatch(/^code.ts:1:15: "lodash" is not/);
  expect(await faultOf("import x from 'file:///etc/passwd' with { type: 'text' };\nexport default () => x;\n")).toMatch(
    /^code.ts:1:15: imports \/etc\/passwd, which lies outside of /,
  );
  const fine =
    "import { Reply } from 'redisworker';\nimport _ from 'npm:lodash';\nimport 'https://deno.land/x/a.ts';\n";
  expect(await faultOf(`${fine}export default () => [Reply, _];\n`)).toBe('');
});

test('code from elsewhere is well as far as nobody is asked, unless no Job is made for it', async () => {
  const text = worker('  source:\n    url: https://code.example/greet.ts');
  expect(await validate(text)).toMatchObject({ code: 0, err: [] });
  expect((await validate(text, '--no-code-jobs')).err.join()).toContain('resolves no code from elsewhere');
  const metadata = worker('  source:\n    url: http://169.254.169.254/greet.ts');
  expect((await validate(metadata)).err.join()).toContain('tells machines their secrets');
});

test('workers that contradict each other are told, and what an admin forbids', async () => {
  const two = `${worker(`  type: same\n${source}`, 'a')}---\n${worker(`  type: same\n${source}`, 'b')}`;
  expect((await validate(two)).err.join('\n')).toMatch(/a.yaml:\d+: RedisWorker default\/b: .*"same"/);
  const pod = worker(`${source}\n  pod:\n    labels: { a: b }`);
  expect((await validate(pod)).code).toBe(0);
  expect((await validate(pod, '--deny-pod-field', 'labels')).err.join()).toContain('a.yaml:10: ');
});

test('all examples are well, and those that are to be refused are', async () => {
  const examples = join(import.meta.dirname, '../examples');
  expect(await main(['validate', examples], testIo())).toBe(0);
  const invalid = globSync(`${examples}/invalid/*.yaml`).sort();
  for (const file of invalid.filter((_, at) => at % 15 === 0)) {
    const io = testIo();
    expect(await main(['validate', file], io), readFileSync(file, 'utf8')).toBe(1);
    expect(io.failures[0]).toMatch(new RegExp(`^${file}:\\d+: `));
  }
});
