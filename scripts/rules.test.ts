/** The rules of the house, each shown to bite. */
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
/** Only the rules that need no types: the others take many seconds to start. */
const lint = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-syntax',
  overrideConfig: {
    languageOptions: { parserOptions: { projectService: false } },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
  },
});

/** Messages of a text as if it stood in a file of the project. */
async function messages(text: string, file: string): Promise<string[]> {
  const [result] = await lint.lintText(text, { filePath: join(root, file) });
  return (result?.messages ?? []).map(({ message }) => message);
}

describe('the rules of the house', () => {
  test.each([
    ['operator/redis/streams.ts', 'export const key = (ref: string) => `res:${ref}`;'],
    ['cli/send.ts', "export const stream = 'demo:req:x';"],
    ['worker/handler/retry.ts', 'export const schedule = (type: string) => `${type}:retry:z`;'],
    ['operator/redisworker/plan/running.ts', 'export const hash = (type: string, id: string) => `${type}:${id}:h`;'],
  ])('refuse a key literal in %s', async (file, text) => {
    expect(await messages(text, file)).toEqual(['Redis keys come from contract/keys.ts.']);
  });

  test('let contract/keys.ts have them', async () => {
    expect(await messages('export const key = (ref: string) => `res:${ref}`;', 'contract/keys.ts')).toEqual([]);
  });

  test('refuse a write of objects outside apply.ts and tell.ts', async () => {
    const write =
      'export const f = (world: { cluster: { apply(object: object): void } }) => { world.cluster.apply({}); };';
    expect(await messages(write, 'operator/redisworker/observe/index.ts')).toEqual([
      'Only apply/ writes: objects, and the status.',
    ]);
    expect(await messages(write, 'operator/redisworker/apply/index.ts')).toEqual([]);
  });

  test('refuse a write to Redis outside apply.ts', async () => {
    const write = "import { writeConfigHash } from '../redis/config-hashes.ts';\nexport const f = writeConfigHash;";
    expect(await messages(write, 'operator/redisworker/observe/index.ts')).toEqual([
      'Only apply/ writes to Redis, and what it calls in work/.',
    ]);
  });

  test('refuse to read the environment outside the configuration', async () => {
    expect(await messages('export const home = process.env.HOME;', 'operator/operator.ts')).toEqual([
      'The environment is read in config.ts of operator/, its cluster/kubernetes/ and the programs code/resolve-*.ts, or in cli/ alone.',
    ]);
  });
});
