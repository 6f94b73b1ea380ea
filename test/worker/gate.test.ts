/** The network gate of real pods' command lines: a real Deno, a real Redis, and canaries that answer, refuse or are silent. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeConfigHash } from '../../contract/config-hash.ts';
import { decodeGateReport, gateField } from '../../contract/gate.ts';
import { configHashKey, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import {
  type Enforcement,
  env,
  exitCodes,
  healthPort,
  imageRoot,
  redisPasswordFileName,
  scriptRedisPort,
  secretMount,
  sourceFileName,
  sourceMount,
} from '../../contract/pod.ts';
import { denoCommand, ownAddresses } from '../../operator/redisworker/desired/deno-command.ts';
import { startSilentPort, startTestCanary, type TestCanary } from '../support/canary.ts';
import { freePort, start, type TestProcess } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';
import { giveUser } from '../support/worker-user.ts';

const root = join(import.meta.dirname, '../..');
const deno = join(root, 'node_modules/.bin/deno');
const folder = mkdtempSync(join(tmpdir(), 'gate-test-'));

let redis: TestRedis;
const running: TestProcess[] = [];
const canaries: TestCanary[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await Promise.all(running.map((pod) => pod.stop()));
  await Promise.all(canaries.map((canary) => canary.close()));
  await redis.stop();
  rmSync(folder, { recursive: true });
});

/** Code whose top level says that it runs. */
const handler = `
  console.log('top level reached');
  export default async ({ data }) => {
    try { (await Deno.connect({ hostname: data.host, port: data.port })).close(); return 'connected'; } catch (error) { return error.name; }
  };`;
const script = `
  console.log('top level reached', await Deno.connect({ hostname: '127.0.0.1', port: 1 }).catch((error) => error.name));
  setInterval(() => undefined, 1000);`;
const says = 'top level reached';

async function answering(): Promise<TestCanary> {
  const canary = await startTestCanary();
  canaries.push(canary);
  return canary;
}

interface Pod {
  readonly runtime?: 'Handler' | 'Script';
  readonly requestLimit?: number;
  readonly enforcement?: Enforcement;
  readonly source?: string;
  readonly redisUrl?: string;
  readonly denyNet?: readonly string[];
}

/** Starts the operator's command line for consumer 1 of a type, moved to this machine; its hash is there. */
async function launch(type: string, canary: string, pod: Pod = {}): Promise<TestProcess & { healthUrl: string }> {
  const { runtime = 'Handler', requestLimit = 0, redisUrl = redis.url } = pod;
  const hashKey = configHashKey(type, '1');
  await redis.client.hset(
    hashKey,
    encodeConfigHash({
      type,
      consumerId: '1',
      requestStream: requestStreamKey(type),
      responseStream: responseStreamKey(type),
      requestLimit,
      denoOptions: [],
    }),
  );
  const redisHost = new URL(redisUrl).host;
  const command = denoCommand({
    runtime,
    requestLimit,
    configHashKey: hashKey,
    sourceFile: 'worker.ts',
    allowAllNet: false,
    allowEnv: [],
    denoOptions: [],
    memoryMiB: 192,
    allowNet: runtime === 'Script' ? ownAddresses.Script : [redisHost, ...ownAddresses.Handler],
    gateNet: [redisHost, canary],
    denyNet: pod.denyNet ?? ['169.254.169.254'],
  });
  const health = `127.0.0.1:${await freePort()}`;
  const [source, secret] = [join(folder, type, 'source'), join(folder, type, 'secret')];
  for (const made of [source, secret]) mkdirSync(made, { recursive: true });
  writeFileSync(join(source, sourceFileName), pod.source ?? (runtime === 'Script' ? script : handler));
  const moves = [
    [sourceMount, source],
    [secretMount, secret],
    [imageRoot, root],
    [`127.0.0.1:${scriptRedisPort}`, `127.0.0.1:${await freePort()}`],
    [`0.0.0.0:${healthPort}`, health],
  ] as const;
  const [, ...args] = moves.reduce<string[]>(
    (words, [from, to]) => words.map((word) => word.replaceAll(from, to)),
    command,
  );
  const login = await giveUser(redis, hashKey, { type, runtime });
  writeFileSync(join(secret, redisPasswordFileName), login.password);
  const process = start(deno, args, {
    env: {
      HOME: folder,
      DENO_DIR: join(folder, 'deno'),
      PATH: dirname(deno),
      [env.redisUrl]: redisUrl,
      ...login.env,
      [env.redisPasswordFile]: join(secret, redisPasswordFileName),
      [env.podUid]: `pod-${type}`,
      [env.healthAddress]: health,
      [env.source]: join(source, sourceFileName),
      [env.networkCanary]: canary,
      [env.networkEnforcement]: pod.enforcement ?? 'BestEffort',
    },
  });
  running.push(process);
  return { ...process, healthUrl: `http://${health}` };
}

const reported = (type: string) =>
  eventually(
    `${type} reports`,
    async () => decodeGateReport((await redis.client.hget(configHashKey(type, '1'), gateField)) ?? undefined),
  );
const closedPort = async () => `127.0.0.1:${await freePort()}`;
const runs = (pod: TestProcess) =>
  eventually(`user code runs:\n${pod.output()}`, () => pod.output().includes(says), 30_000);

const kinds: [name: string, pod: Pod][] = [
  ['a handler', {}],
  ['a handler under the runner', { requestLimit: 1000 }],
  ['a script', { runtime: 'Script' }],
];
const slug = (name: string) => name.replaceAll(' ', '-');

// The long ones first, side by side.
describe.concurrent('after the deadline', () => {
  test.each(kinds)('%s never runs on an open network when enforcement is Required', async (name, pod) => {
    const canary = await answering();
    const process = await launch(`${slug(name)}-required`, canary.address, { ...pod, enforcement: 'Required' });
    expect(await process.ended).toBe(exitCodes.networkOpen);
    expect(process.output()).not.toContain(says);
    expect(process.output().trim().split('\n').at(-1)).toMatch(
      /the network is open: the canary 127\.0\.0\.1:\d+, which no policy of this worker allows, answered \d+ times in 10 s; user code does not run, because spec\.networkPolicy\.enforcement is Required$/,
    );
  });

  test('lets user code run on an open network after the deadline when enforcement is BestEffort, and says so', async () => {
    const canary = await answering();
    const process = await launch('open', canary.address);
    await runs(process);
    expect(process.output().indexOf('the network is open')).toBeLessThan(process.output().indexOf(says));
    expect(await reported('open')).toMatchObject({ result: 'Open', owner: 'pod-open' });
  });

  test('does not take a name that does not resolve for a refusal', async () => {
    const process = await launch('nameless', 'canary.invalid:8086', { enforcement: 'Required' });
    expect(await process.ended).toBe(exitCodes.networkUnverified);
    expect(process.output()).toContain('the canary canary.invalid:8086 cannot be dialled');
    expect(process.output()).not.toContain(says);
  });
});

describe.concurrent.each(kinds)('%s', (name, pod) => {
  test('starts at once where the canary refuses, and reports it for its own pod', async () => {
    const type = `${slug(name)}-closed`;
    await runs(await launch(type, await closedPort(), pod));
    expect(await reported(type)).toMatchObject({ result: 'Refused', owner: `pod-${type}`, opened: 0 });
  });

  test('waits as long as the canary answers, and starts once it refuses', async () => {
    const type = `${slug(name)}-late`;
    const canary = await answering();
    const process = await launch(type, canary.address, pod);
    await eventually('the canary has answered three times', () => canary.answered() >= 3);
    expect(process.output()).not.toContain(says);
    expect(await redis.client.hexists(configHashKey(type, '1'), 'owner')).toBe(0);
    await canary.close();
    await runs(process);
    expect((await reported(type)).opened).toBeGreaterThanOrEqual(3);
  });
});

describe.concurrent('the gate', () => {
  test.each(['127.0.0.1', 'localhost'])('takes silence of a canary at %s for a refusal', async (host) => {
    const silent = await startSilentPort();
    try {
      const type = `silent-${host.replace(/\W/g, '-')}`;
      await runs(await launch(type, `${host}:${silent.port}`));
      expect(await reported(type)).toMatchObject({ result: 'Refused' });
    } finally {
      await silent.stop();
    }
  });

  test('does not take a refusal by Deno for one of the network', async () => {
    const canary = await closedPort();
    const process = await launch('denied', canary, { enforcement: 'Required', denyNet: [canary] });
    expect(await process.ended).toBe(exitCodes.networkUnverified);
    expect(process.output()).toContain('or permissions.denyNet covers it');
    expect(process.output()).not.toContain(says);
  });

  test.each(kinds)(
    'of %s means nothing before Redis is reached; meanwhile the pod is well and not ready',
    async (name, pod) => {
      const port = await freePort();
      const process = await launch(`${slug(name)}-redisless`, await closedPort(), {
        ...pod,
        redisUrl: `redis://127.0.0.1:${port}`,
      });
      await eventually(
        'it says so',
        () =>
          process.output().includes(`Redis at 127.0.0.1:${port} cannot be reached; no user code runs before it can`),
        30_000,
      );
      await eventually('it is well', async () => (await fetch(`${process.healthUrl}/healthz`)).status === 200);
      expect((await fetch(`${process.healthUrl}/readyz`)).status).toBe(503);
      expect(process.output()).not.toContain(says);
      process.child.kill('SIGTERM');
      expect(await process.ended).toBe(0);
    },
  );

  test('takes the canary from user code, and leaves it everything else', async () => {
    const canary = await answering();
    const port = canary.port;
    await canary.close();
    await launch('scoped', canary.address);
    const dial = async (to: number) => (await ask(redis.client, 'scoped', { host: '127.0.0.1', port: to })).data;
    expect(await dial(port)).toBe('NotCapable');
    expect(await dial(redis.port)).toBe('connected');
  });

  test('ends with SIGTERM before it is passed', async () => {
    const canary = await answering();
    const pods = await Promise.all([
      launch('stopped', canary.address),
      launch('stopped-runner', canary.address, { runtime: 'Script' }),
    ]);
    await eventually('both are at the gate', () => canary.answered() >= 6);
    for (const pod of pods) pod.child.kill('SIGTERM');
    expect(await Promise.all(pods.map(({ ended }) => ended))).toEqual([0, 0]);
    expect(pods.map((pod) => pod.output().includes(says))).toEqual([false, false]);
  });

  test('keeps its exit codes from a script that ends with one of them', async () => {
    const process = await launch('borrowed', await closedPort(), {
      runtime: 'Script',
      enforcement: 'Required',
      source: `Deno.exit(${exitCodes.networkOpen});`,
    });
    expect(await process.ended).toBe(exitCodes.failed);
    expect(process.output()).toContain('which only the network gate may use');
  });
});
