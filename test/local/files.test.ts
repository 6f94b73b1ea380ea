import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manifestProblems } from '../../operator/api/redisworker.ts';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import type { BundleOutcome } from '../../operator/code/bundle.ts';
import {
  type FollowedFiles,
  followFiles,
  type LocalCluster,
  openLocalCluster,
} from '../../operator/cluster/local/index.ts';
import { eventually } from '../support/wait.ts';

let dir: string;
let cluster: LocalCluster;
let files: FollowedFiles | undefined;
let logged: string[];
let notes: string[];
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (_fields: object, message: string) => logged.push(message),
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'files-'));
  logged = [];
  notes = [];
  cluster = await openLocalCluster({ log, nodeName: 'laptop' });
});
afterEach(async () => {
  await files?.close();
  await cluster.close();
  await rm(dir, { recursive: true, force: true });
});

const worker = (name: string, count: number) =>
  `apiVersion: redisworker.dev/v1alpha1\nkind: RedisWorker\nmetadata: {name: ${name}}\nspec: {consumers: {count: ${count}}, source: {inline: x}}\n`;
const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: v}\n';
const countOf = async (name: string) =>
  ((await cluster.get(resources.redisWorkers, { namespace: 'default', name }))?.spec as
    | { consumers: { count: number } }
    | undefined)?.consumers.count;
const follow = async (...paths: readonly string[]) => (files = await followFiles(
  paths.length === 0 ? [dir] : paths,
  cluster,
  log,
  { validate: manifestProblems, absentMs: 150, onNote: (note) => notes.push(note) },
));
const uidOf = async (name: string) =>
  (await cluster.get(resources.redisWorkers, { namespace: 'default', name }))?.metadata.uid;
/** Waits until the followed files have been looked at again, by a change that is to be seen. */
async function lookedAgain(): Promise<void> {
  const name = `c${(looks += 1)}`;
  await writeFile(join(dir, `${name}.json`), `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"}}`);
  await eventually(
    'the files are looked at again',
    () => cluster.get(resources.configMaps, { namespace: 'default', name }),
  );
}
let looks = 0;
const becomes = (name: string, count: number | undefined) =>
  eventually(`${name} has ${count}`, async () => (await countOf(name)) === count);

test('a folder may have beside its manifests what a worker comes with', async () => {
  await writeFile(join(dir, 'w.yaml'), worker('w', 1));
  await writeFile(join(dir, 'w.test.yaml'), 'worker: w.yaml\ncases: []\n');
  await writeFile(
    join(dir, 'kustomization.yaml'),
    'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n',
  );
  await writeFile(join(dir, 'deno.json'), '{\n  // with a comment\n  "imports": {}\n}\n');
  await writeFile(join(dir, 'package.json'), '{ "name": "w" }');
  await writeFile(join(dir, 'words.json'), '["hello"]');
  await follow();
  expect([await countOf('w'), logged, notes]).toEqual([1, [], []]);
  await writeFile(join(dir, 'half.json'), '{ "kind": "Secr');
  await eventually('what is no JSON is told', () => logged.some((line) => line.includes('half.json:1: ')));
  await files?.close();
  await follow(join(dir, 'words.json'));
  expect(logged.join()).toContain('words.json:1: ');
});

test('objects follow their file: added, changed and deleted with it', async () => {
  await writeFile(join(dir, 'a.yaml'), `${worker('a', 1)}---\n${secret}`);
  await follow();
  expect(await countOf('a')).toBe(1);
  expect(await cluster.get(resources.secrets, { namespace: 'default', name: 's' })).toMatchObject({
    data: { k: 'dg==' },
  });
  await writeFile(join(dir, 'a.yaml'), worker('a', 2));
  await becomes('a', 2);
  await eventually(
    'the secret is gone',
    async () => (await cluster.get(resources.secrets, { namespace: 'default', name: 's' })) === undefined,
  );
  await writeFile(join(dir, 'b.yml'), worker('b', 1));
  await becomes('b', 1);
  await rm(join(dir, 'a.yaml'));
  await becomes('a', undefined);
});

test('one file is followed through editors that save by renaming, its neighbours are not', async () => {
  const file = join(dir, 'a.yaml');
  await writeFile(file, worker('a', 1));
  await writeFile(join(dir, 'other.yaml'), worker('other', 1));
  await follow(file);
  await writeFile(join(dir, '.a.yaml.swp'), worker('a', 3));
  await rename(join(dir, '.a.yaml.swp'), file);
  await becomes('a', 3);
  expect(await countOf('other')).toBeUndefined();
});

test('a file that is wrong keeps its last good objects and is told once, until it is right again', async () => {
  const file = join(dir, 'a.yaml');
  await writeFile(file, worker('a', 1));
  const followed = await follow();
  await writeFile(file, 'kind: [');
  await eventually('the fault is told', () => logged.length > 0);
  expect(logged[0]).toMatch(/a\.yaml:1: this is not YAML/);
  expect(await countOf('a')).toBe(1);
  await writeFile(file, worker('a', 1001));
  await eventually(
    'the refusal is told',
    () =>
      followed.problems()[0]?.includes('a.yaml:1: RedisWorker default/a: spec.consumers.count: 1001: must be at most'),
  );
  expect(await countOf('a')).toBe(1);
  await writeFile(file, worker('a', 2));
  await becomes('a', 2);
  await eventually('nothing is wrong', () => followed.problems().length === 0);
});

describe('two of everything', () => {
  test('the same object in two files is told with both places, and the first keeps it', async () => {
    await writeFile(join(dir, 'a.yaml'), worker('a', 1));
    await writeFile(join(dir, 'b.yaml'), worker('a', 2));
    const followed = await follow();
    expect(await countOf('a')).toBe(1);
    expect(followed.problems()).toEqual([
      `${join(dir, 'b.yaml')}:1: RedisWorker default/a is defined a second time, first at ${
        join(dir, 'a.yaml')
      }:1: remove one of them`,
    ]);
    await rm(join(dir, 'a.yaml'));
    await becomes('a', 2);
    await eventually('nothing is wrong', () => followed.problems().length === 0);
  });

  test('the same object in two documents is told too, and the first keeps it', async () => {
    await writeFile(join(dir, 'a.yaml'), `${worker('a', 1)}---\n${worker('a', 2)}`);
    const followed = await follow();
    expect(await countOf('a')).toBe(1);
    expect(followed.problems()).toEqual([expect.stringMatching(/a\.yaml:6: .* a second time, first at .*a\.yaml:1/)]);
  });

  test('a first definition that is wrong does not hand the object to the second', async () => {
    await writeFile(join(dir, 'a.yaml'), worker('a', -1));
    await writeFile(join(dir, 'b.yaml'), worker('a', 2));
    expect((await follow()).problems()).toHaveLength(2);
    expect(await countOf('a')).toBeUndefined();
  });

  test('a file that is named twice, and reached by a link, counts once', async () => {
    await writeFile(join(dir, 'a.yaml'), worker('a', 1));
    await symlink(join(dir, 'a.yaml'), join(dir, 'b.yaml'));
    expect((await follow(dir, join(dir, 'a.yaml'), join(dir, 'b.yaml'))).problems()).toEqual([]);
  });
});

describe('what a cluster refuses is refused in the same words', () => {
  test('a slip of the keyboard does not scale a worker', async () => {
    await writeFile(join(dir, 'a.yaml'), worker('a', 4));
    const followed = await follow();
    await writeFile(join(dir, 'a.yaml'), worker('a', 4).replace('consumers', 'consumer'));
    await eventually('it is told', () => followed.problems()[0]?.includes('unknown field "spec.consumer"'));
    expect(await countOf('a')).toBe(4);
  });

  test('the type of a worker that runs does not change', async () => {
    await writeFile(join(dir, 'a.yaml'), worker('a', 4));
    const followed = await follow();
    await writeFile(join(dir, 'a.yaml'), worker('a', 5).replace('spec: {', 'spec: {type: other, '));
    await eventually('it is told', () => followed.problems()[0]?.includes('spec.type never changes'));
    expect(await countOf('a')).toBe(4);
  });
});

test('what is wrong in one document blocks neither its neighbours nor other files', async () => {
  await writeFile(join(dir, 'a.yaml'), `${worker('a', 1)}---\n${worker('b', 1)}---\n${worker('c', 1)}`);
  await writeFile(join(dir, 'd.yaml'), worker('d', 1));
  await follow();
  await writeFile(join(dir, 'a.yaml'), `consumers: *nope\n---\n${worker('b', -1)}---\n${worker('c', 2)}`);
  await writeFile(join(dir, 'd.yaml'), worker('d', 2));
  await becomes('c', 2);
  await becomes('d', 2);
  await lookedAgain();
  expect([await countOf('a'), await countOf('b')]).toEqual([1, 1]);
});

test('a kind that is not run here is told once and harms nothing', async () => {
  await writeFile(join(dir, 'a.yaml'), `apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n---\n${worker('a', 1)}`);
  const followed = await follow();
  expect(await countOf('a')).toBe(1);
  expect(followed.problems()).toEqual([]);
  expect(notes).toEqual([expect.stringContaining('a.yaml:1: a Namespace is left out')]);
});

describe('what cannot be seen is not gone', () => {
  test('a file that is empty or away for a moment keeps its worker', async () => {
    const file = join(dir, 'a.yaml');
    await writeFile(file, worker('a', 1));
    files = await followFiles([dir], cluster, log, { validate: manifestProblems, absentMs: 60_000 });
    const uid = await uidOf('a');
    await writeFile(file, '');
    await lookedAgain();
    await rm(file);
    await lookedAgain();
    await writeFile(file, worker('a', 2));
    await becomes('a', 2);
    expect(await uidOf('a')).toBe(uid);
  });

  test('a worker comes back when its file does, also while it still ends', async () => {
    const file = join(dir, 'a.yaml');
    await writeFile(file, worker('a', 1));
    await follow();
    const ref = { namespace: 'default', name: 'a' };
    await cluster.patch(resources.redisWorkers, ref, { metadata: { finalizers: ['redisworker.dev/cleanup'] } });
    await rm(file);
    await eventually(
      'it ends',
      async () => (await cluster.get(resources.redisWorkers, ref))?.metadata.deletionTimestamp,
    );
    await writeFile(file, worker('a', 2));
    await lookedAgain();
    await cluster.patch(resources.redisWorkers, ref, { metadata: { finalizers: null } });
    await becomes('a', 2);
  });

  test('a folder that is away is told, and followed again when it is made anew', async () => {
    const folder = join(dir, 'manifests');
    await mkdir(folder);
    await writeFile(join(folder, 'a.yaml'), worker('a', 1));
    const followed = await follow(folder);
    const uid = await uidOf('a');
    await rm(folder, { recursive: true });
    await eventually('it is told', () => followed.problems()[0] === `${folder} is gone; what it held stays as it was`);
    await mkdir(folder);
    await writeFile(join(folder, 'a.yaml'), worker('a', 2));
    await becomes('a', 2);
    expect(await uidOf('a')).toBe(uid);
    await writeFile(join(folder, 'a.yaml'), worker('a', 3));
    await becomes('a', 3);
    await eventually('nothing is wrong', () => followed.problems().length === 0);
  });

  test('a file whose folder is away is not gone either', async () => {
    const folder = join(dir, 'manifests');
    await mkdir(folder);
    await writeFile(join(folder, 'a.yaml'), worker('a', 1));
    const followed = await follow(join(folder, 'a.yaml'));
    await rename(folder, join(dir, 'elsewhere'));
    await eventually('it is told', () => followed.problems()[0]?.includes('a.yaml is gone with its folder'));
    expect(await countOf('a')).toBe(1);
  });

  test('a file that cannot be read keeps its worker, whatever the reason', async () => {
    const link = join(dir, 'a.yaml');
    await writeFile(join(dir, 'target'), worker('a', 1));
    await symlink(join(dir, 'target'), link);
    const followed = await follow();
    await rm(link);
    await symlink('a.yaml', link); // a link to itself
    await eventually('it is told', () => followed.problems()[0]?.includes('a.yaml cannot be read (ELOOP'));
    expect(await countOf('a')).toBe(1);
  });

  test('the target of a link is followed, and the link when it leads elsewhere', async () => {
    const elsewhere = join(dir, 'elsewhere');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'one'), worker('a', 1));
    await writeFile(join(elsewhere, 'two'), worker('a', 3));
    const link = join(dir, 'a.yaml');
    await symlink(join(elsewhere, 'one'), link);
    const followed = await follow(link);
    await writeFile(join(elsewhere, 'one'), worker('a', 2));
    await becomes('a', 2);
    await symlink(join(elsewhere, 'two'), `${link}.new`);
    await rename(`${link}.new`, link);
    await becomes('a', 3);
    await rm(join(elsewhere, 'two'));
    await eventually('it is told', () => followed.problems()[0]?.includes('a.yaml is a link that leads to nothing'));
    expect(await countOf('a')).toBe(3);
  });
});

test('a write that the cluster refuses is told with the object', async () => {
  const immutable = (value: number): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    immutable: true,
    data: { k: String(value) },
  });
  await writeFile(join(dir, 'c.json'), JSON.stringify(immutable(1)));
  const followed = await follow();
  await writeFile(join(dir, 'c.json'), JSON.stringify(immutable(2)));
  await eventually('the refusal is told', () => followed.problems()[0]?.includes('c.json:1: ConfigMap default/c: '));
});

test('a path that does not exist is refused at once', async () => {
  await expect(follow(join(dir, 'none.yaml'))).rejects.toThrow('There is no file or folder');
});

describe('a worker whose module is a file', () => {
  const greet = worker('greet', 1).replace('inline: x', 'file: lib/greet.ts');
  const module = () => join(dir, 'lib/greet.ts');
  const live = () => cluster.get(resources.redisWorkers, { namespace: 'default', name: 'greet' });
  const codes = async () =>
    (await cluster.list(resources.configMaps)).flatMap(({ data }) =>
      (data as Record<string, string> | undefined)?.['worker.js'] ?? []
    );
  const told = async () => (await live())?.metadata.annotations?.['redisworker.dev/source-problem'];

  /** As bundling is: the same text is the same code, and what begins with an exclamation mark cannot be bundled. */
  async function bundle(entry: string): Promise<BundleOutcome> {
    const code = await readFile(entry, 'utf8');
    if (code.startsWith('!')) return { ok: false, problem: `greet.ts:1:1: ${code}`, files: [entry] };
    const digest = `sha256-${createHash('sha256').update(code).digest('hex')}`;
    return {
      ok: true,
      files: [entry],
      bundle: { code, bytes: code.length, digest, map: '{}', mapName: 'x.map', modules: 1 },
    };
  }

  /** What is wrong with the types of mistyped code: every check of it waits for that. */
  let verdict: PromiseWithResolvers<string>;

  /** As checking is: it takes its time, and its end when nobody wants to know any more. */
  async function checkTypes(entry: string, beside?: AbortSignal): Promise<string | undefined> {
    const code = await readFile(entry, 'utf8');
    if (code !== 'mistyped') return undefined;
    const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
    beside?.addEventListener('abort', () => resolve(undefined));
    return await Promise.race([verdict.promise, aborted]);
  }

  /** As editors do it: no look finds half of the text. */
  async function save(text: string): Promise<void> {
    await writeFile(`${module()}.new`, text);
    await rename(`${module()}.new`, module());
  }

  beforeEach(async () => {
    verdict = Promise.withResolvers<string>();
    await mkdir(join(dir, 'lib'));
    await writeFile(module(), 'first');
    await writeFile(join(dir, 'greet.yaml'), greet);
    files = await followFiles([dir], cluster, log, { validate: manifestProblems, absentMs: 150, bundle, checkTypes });
  });

  test('names a bundle instead, whose code a ConfigMap has for as long as it is the one', async () => {
    expect(await codes()).toEqual(['first']);
    expect((await live())?.spec).toMatchObject({
      consumers: { count: 1 },
      source: { bundle: { configMaps: [expect.stringMatching(/^greet-code-[0-9a-f]{12}$/)] } },
    });
    await save('second');
    await eventually('only the new code is there', async () => (await codes()).join() === 'second');
  });

  test('tries new code while its types are checked, and goes back to the last good one when they are wrong', async () => {
    await save('mistyped');
    await eventually('the new code is tried', async () => (await codes()).includes('mistyped'));
    expect(await told()).toBeUndefined();
    verdict.resolve('greet.ts:1:1: not so');
    await eventually('the operator is told', async () => await told() === 'greet.ts:1:1: not so');
    await eventually('the last good code is the only one', async () => (await codes()).join() === 'first');
    expect(logged.join('\n')).toContain('RedisWorker default/greet: greet.ts:1:1: not so');
    await save('second');
    await eventually('only the new code is there', async () => (await codes()).join() === 'second');
    expect(await told()).toBeUndefined();
  });

  test('gives up the check of code that was saved over', async () => {
    await save('mistyped');
    await eventually('the new code is tried', async () => (await codes()).includes('mistyped'));
    await save('second');
    await eventually('only the newest code is there', async () => (await codes()).join() === 'second');
    verdict.resolve('greet.ts:1:1: not so');
    await lookedAgain();
    expect([await codes(), await told()]).toEqual([['second'], undefined]);
  });

  test('keeps its last good code while the module is wrong, or the manifest is', async () => {
    const { spec } = (await live())!;
    await save('!wrong');
    await eventually('the operator is told', async () => await told() === 'greet.ts:1:1: !wrong');
    expect([(await live())?.spec, await codes()]).toEqual([spec, ['first']]);
    await save('third');
    await eventually('the new code is there', async () => (await codes()).join() === 'third');
    expect(await told()).toBeUndefined();
    await writeFile(join(dir, 'greet.yaml'), greet.replace('count: 1', 'count: -1'));
    await eventually('the manifest is refused', () => logged.some((line) => line.includes('consumers.count')));
    await lookedAgain();
    await lookedAgain();
    expect(await codes()).toContain('third');
  });
});
