/** The Rhai runtime as a pod runs it: the settings, the flags and the Redis user are those the operator makes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeConfigHash } from '../../../contract/config-hash.ts';
import { configHashKey } from '../../../contract/keys.ts';
import { env, handlerRights, v8Flags } from '../../../contract/pod.ts';
import { redisUser } from '../../../operator/redisworker/desired/redis-user.ts';
import type { Blueprint } from '../../../operator/redisworker/model/blueprint.ts';
import { denoNetFlag } from '../../../operator/redisworker/network/allow-net/deno-flags.ts';
import { withSpec, worker } from '../gen.ts';
import { observed } from '../observed.ts';
import { freePort, start, type TestProcess } from '../processes.ts';
import type { TestRedis } from '../redis.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const deno = join(root, 'node_modules/.bin/deno');

/** What a test says about a worker; everything else is as the operator would write it. */
export interface RhaiOptions {
  readonly type: string;
  readonly on: TestRedis;
  /** Of `spec.tasks`; the circle is named as the type. */
  readonly tasks?: Readonly<Record<string, unknown>>;
  /** Beside `spec.tasks`. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly prelude?: string;
  readonly podUid?: string;
  /** Folder that stands for the image's `/redisworker`; the sources when absent. */
  readonly image?: string;
}

/** A running worker. */
export interface RhaiWorker extends TestProcess {
  readonly hashKey: string;
  readonly healthUrl: string;
}

/** What the operator makes of such a worker. */
export function rhaiBlueprint({ type, tasks, spec }: Pick<RhaiOptions, 'type' | 'tasks' | 'spec'>): Blueprint {
  const object = worker(
    'w',
    withSpec({
      type,
      runtime: 'Rhai',
      tasks: { circlePublicKey: type, ...tasks },
      pod: { resources: { limits: { memory: '1Gi' } } },
      ...spec,
    }),
  );
  const { spec: seen } = observed({ ...object, metadata: { ...object.metadata, uid: `of-${type}` } });
  if (seen === undefined || seen.problems.length > 0) throw new Error(JSON.stringify(seen?.problems));
  return seen.blueprint;
}

/** Writes the config hash of a consumer, makes its user, and starts it. */
export async function startRhai(options: RhaiOptions, consumerId = '1'): Promise<RhaiWorker> {
  const { on, type, prelude, podUid = `pod-${consumerId}`, image = root } = options;
  const blueprint = rhaiBlueprint(options);
  const { work } = blueprint;
  const hashKey = configHashKey(type, consumerId);
  const password = `password of ${type}`;
  const address = { db: 0, topology: { kind: 'Standalone' } } as const;
  const user = redisUser(blueprint, { passwords: [password], address, withheld: [] });
  await on.addUser(user);
  await on.client.hset(hashKey, encodeConfigHash({ type, consumerId, ...work.hash, denoOptions: [] }));
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-rhai-'));
  const [sources, secrets] = [join(folder, 'source'), join(folder, 'secret')];
  for (const made of [sources, secrets]) mkdirSync(made);
  const [source, secret] = [join(sources, 'prelude.rhai'), join(secrets, 'password')];
  writeFileSync(source, prelude ?? '// no prelude');
  writeFileSync(secret, password);
  const health = `127.0.0.1:${await freePort()}`;
  const flags = [
    '--no-prompt',
    '--no-config',
    '--no-lock',
    '--no-remote',
    '--no-npm',
    '--ignore-env',
    `--allow-net=${denoNetFlag(blueprint.scope, [{ host: '127.0.0.1', port: on.port }], [health]).join(',')}`,
    `--allow-env=${handlerRights.env.join(',')}`,
    `--allow-read=${join(image, 'worker/rhai/engine.wasm')},${sources},${secrets}`,
    `--v8-flags=${v8Flags}`,
  ];
  const running = start(deno, ['run', ...flags, join(image, 'worker/rhai.js'), hashKey], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      [env.redisUrl]: on.url,
      [env.redisUsername]: user.name,
      [env.redisPasswordFile]: secret,
      [env.source]: source,
      [env.settings]: JSON.stringify(work.settings),
      [env.healthAddress]: health,
      [env.podUid]: podUid,
    },
  });
  void running.ended.catch(() => undefined).then(() => rmSync(folder, { recursive: true, force: true }));
  return { ...running, hashKey, healthUrl: `http://${health}` };
}
