import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import {
  type FollowedFiles,
  followFiles,
  type LocalCluster,
  openLocalCluster,
  type Validate,
} from '../../operator/cluster/local/index.ts';
import { eventually } from '../support/wait.ts';

let dir: string;
let cluster: LocalCluster;
let files: FollowedFiles | undefined;
let logged: string[];
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (_fields: object, message: string) => logged.push(message),
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'files-'));
  logged = [];
  cluster = await openLocalCluster({ log, nodeName: 'laptop' });
});
afterEach(async () => {
  await files?.close();
  await cluster.close();
  await rm(dir, { recursive: true, force: true });
});

const worker = (name: string, count: number) =>
  `apiVersion: redisworker.dev/v1alpha1\nkind: RedisWorker\nmetadata: {name: ${name}}\nspec: {consumers: {count: ${count}}}\n`;
const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: v}\n';
const validate: Validate = (
  { spec },
) => ((spec as { consumers: { count: number } }).consumers.count > 9
  ? { ok: false, problems: ['spec.consumers.count must be at most 9'] }
  : { ok: true });

const countOf = async (name: string) =>
  ((await cluster.get(resources.redisWorkers, { namespace: 'default', name }))?.spec as
    | { consumers: { count: number } }
    | undefined)?.consumers.count;
const follow = async (path = dir) => (files = await followFiles([path], cluster, log, { validate }));
const becomes = (name: string, count: number | undefined) =>
  eventually(`${name} has ${count}`, async () => (await countOf(name)) === count);

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
  await writeFile(file, worker('a', 10));
  await eventually(
    'the refusal is told',
    () => followed.problems()[0]?.includes('spec.consumers.count must be at most 9'),
  );
  expect(await countOf('a')).toBe(1);
  await writeFile(file, worker('a', 2));
  await becomes('a', 2);
  await eventually('nothing is wrong', () => followed.problems().length === 0);
});

test('the same object in two files is told, and the first keeps it', async () => {
  await writeFile(join(dir, 'a.yaml'), worker('a', 1));
  await writeFile(join(dir, 'b.yaml'), worker('a', 2));
  const followed = await follow();
  expect(await countOf('a')).toBe(1);
  expect(followed.problems()).toEqual([expect.stringContaining('RedisWorker default/a is defined a second time')]);
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
  await eventually('the refusal is told', () => followed.problems()[0]?.startsWith('ConfigMap default/c: '));
});

test('a path that does not exist is refused at once', async () => {
  await expect(follow(join(dir, 'none.yaml'))).rejects.toThrow('There is no file or folder');
});
