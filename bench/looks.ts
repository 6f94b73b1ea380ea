/**
 * What a look at a worker takes of a processor: `node bench/looks.ts`, with WORKERS=<number> for another size than 200.
 * The operator's own steps, on objects in memory and a real Redis: until all workers are Ready, then at workers that need
 * nothing; and what following them takes while nothing happens.
 */
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { generateKey } from '../contract/secrets.ts';
import { systemClock } from '../operator/clock.ts';
import { keyOf, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import { openLocalCluster } from '../operator/cluster/local/index.ts';
import { defaultsOf } from '../operator/defaults.ts';
import { RedisConnections } from '../operator/redis/connections.ts';
import { WorkerUsers } from '../operator/redis/worker-users.ts';
import { startFollowing, stopCopies, stopFollowing, synced } from '../operator/redisworker/follow/index.ts';
import { reconcile } from '../operator/redisworker/reconcile.ts';
import type { World } from '../operator/redisworker/world.ts';
import { operatorLogin, startGuardedRedis } from '../test/support/redis.ts';
import { say } from './operator/report.ts';
import { consumersEach, workerObject } from './operator/workers.ts';

const workers = Number(process.env['WORKERS'] ?? 200);
const atOnce = 8;
const looksEach = 5;
const restMs = 20_000;
/** How long a Redis on a busy machine may take to answer. */
const patienceMs = 60_000;

const log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: (fields: object, text: string) => say(`${text} ${JSON.stringify(fields)}`),
};
const redis = await startGuardedRedis();
const cluster = await openLocalCluster({ log, nodeName: 'none' });
const connections = new RedisConnections({ commandMs: patienceMs });
const workerUsers = new WorkerUsers(connections, systemClock);
const due = new Set<string>();
const following = startFollowing({
  cluster,
  namespace: undefined,
  redis: connections,
  workerUsers,
  defaultRedisUrl: redis.url,
  defaultLogin: () => operatorLogin,
  lookUp: () => Promise.reject(new Error('no name is asked for here')),
  clock: systemClock,
  countersEveryMs: 15_000,
  enqueue: (key) => due.add(key),
});
const world: World = {
  cluster,
  following,
  redis: connections,
  workerUsers,
  defaults: defaultsOf({
    redisUrl: redis.url,
    redisLogin: operatorLogin,
    workerImage: 'localhost/worker',
    policyEnforcement: 'Unverified',
  }),
  clock: systemClock,
  log: { info: nothing },
  mayWrite: () => true,
  freshKey: generateKey,
  freshPassword: () => randomBytes(32).toString('base64url'),
  canaryProblem: () => undefined,
};

try {
  await synced(following);
  cluster.follow(resources.pods).onChange((type, pod) => {
    if (type === 'added') becomeReady(pod);
  });
  const names = Array.from({ length: workers }, (_, at) => `worker-${at}`);
  const starting = processorMs();
  for (const name of names) {
    await cluster.apply(workerObject(name, { count: consumersEach }) as KubeObject, 'user');
  }
  const looks = await lookUntilQuiet();
  tell('until all are Ready', processorMs() - starting, looks);
  for (let round = 0; round < looksEach; round++) {
    const resting = processorMs();
    const keys = names.map((name) => keyOf({ namespace: 'default', name }));
    await lookAtAll(keys);
    tell('one that needs nothing', processorMs() - resting, keys.length);
  }
  const resting = processorMs();
  await delay(restMs);
  say(`at rest: ${(((processorMs() - resting) / restMs) * 60).toFixed(2)} seconds of processor per minute`);
} finally {
  stopCopies(following);
  await stopFollowing(following);
  connections.close();
  await cluster.close();
  await redis.stop();
}

async function lookUntilQuiet(): Promise<number> {
  let looks = 0;
  for (;;) {
    for (let turns = 0; due.size === 0 && turns < 20; turns++) await nextTurn();
    if (due.size === 0) return looks;
    const keys = [...due];
    due.clear();
    await lookAtAll(keys);
    looks += keys.length;
  }
}

async function lookAtAll(keys: readonly string[]): Promise<void> {
  const waiting = [...keys];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) await reconcile(world, key);
  }));
}

function becomeReady(pod: KubeObject): void {
  const since = new Date().toISOString();
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: since }];
  const containerStatuses = [{
    name: 'worker',
    ready: true,
    restartCount: 0,
    state: { running: { startedAt: since } },
  }];
  void cluster.applyStatus({ ...pod, status: { phase: 'Running', conditions, containerStatuses } }, 'redisworker-node');
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function tell(what: string, ms: number, looks: number): void {
  say(
    `${what}: ${looks} looks, ${(ms / looks).toFixed(2)} ms each, ${(ms / workers).toFixed(2)} ms per worker`,
  );
}

function nothing(): void {
  return undefined;
}
