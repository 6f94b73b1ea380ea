/** A leader whose API server is slow, busy or gone: what it may still do, and what it must not. */
import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  answer,
  answerStatus,
  type Behaviour,
  type FaultApiServer,
  type SeenRequest,
  startFaultApiServer,
} from '../../../test/support/fault-api-server.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { quietLog } from '../../../test/support/quiet-log.ts';
import { eventually } from '../../../test/support/wait.ts';
import { type KubeObject, resources } from '../cluster.ts';
import { connectKubernetes, type Election, type KubernetesCluster } from './index.ts';

let server: FaultApiServer;
let clock: ManualClock;
let cluster: KubernetesCluster;
let election: Election;
let lost: string[];
let dropped: number;

beforeAll(async () => {
  server = await startFaultApiServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  clock = new ManualClock();
  lost = [];
  dropped = 0;
});
afterEach(async () => {
  await election.stop();
  await close();
});

/** Leads against a server that answers for the lease as long as `leaseAnswers` says so, and else as told. */
async function lead(others: Behaviour, leaseAnswers: () => boolean = () => true): Promise<void> {
  let lease: object | undefined;
  server.behave((seen, response) => {
    if (!isLease(seen)) others(seen, response);
    else if (!leaseAnswers()) answerStatus(response, 500, 'InternalError', 'no lease today');
    else if (seen.method !== 'GET') answer(response, 200, lease = JSON.parse(seen.body) as object);
    else if (lease) answer(response, 200, lease);
    else answerStatus(response, 404, 'NotFound', 'no lease yet');
  });
  cluster = await connectKubernetes({
    kubeconfig: server.kubeconfigPath,
    log: quietLog(),
    random: () => 0,
    clock,
    hooks: { eventsDropped: (count) => (dropped += count) },
  });
  election = cluster.elect({
    namespace: 'n',
    name: 'l',
    identity: 'me',
    onStarted: () => undefined,
    onLost: (why) => lost.push(why),
  });
  await eventually('it leads', () => election.leading());
}

/** Events have half a second to be written in. */
async function close(): Promise<void> {
  const closed = cluster.close();
  await clock.advance(500);
  await closed;
}

const isLease = ({ path }: SeenRequest): boolean => path.includes('/leases');
const isEvent = ({ path }: SeenRequest): boolean => path.includes('/events');
const isPatch = ({ method }: SeenRequest): boolean => method === 'PATCH';
const renewals = (): number => server.requests.filter((seen) => isLease(seen) && seen.method === 'PUT').length;
const never = (): void => undefined;
const asSent = (seen: SeenRequest, response: ServerResponse): void =>
  answer(response, 200, JSON.parse(seen.body) as object);

function configMap(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'n' } };
}

function recordMany(count: number): void {
  for (let index = 0; index < count; index += 1) {
    cluster.record({ regarding: configMap('a'), type: 'Normal', reason: 'Tested', message: `event ${index}` });
  }
}

describe('a leader', () => {
  it('renews its lease while a thousand events and a hundred writes wait for an API server that is silent', async () => {
    await lead(never);
    recordMany(1000);
    const writes = Array.from({ length: 100 }, (_, index) => cluster.apply(configMap(`c${index}`), 'redisworker'));
    const over = Promise.allSettled(writes);
    await eventually('calls and events wait', () => server.requests.filter((seen) => !isLease(seen)).length >= 16);
    for (let round = 1; round <= 6; round += 1) { // twelve seconds, and ten cost the lease
      await clock.advance(2000);
      await eventually('the lease is renewed', () => renewals() === round);
    }
    expect([election.leading(), lost]).toEqual([true, []]);
    await close();
    await over;
  });

  it('writes objects before the events that were there first', async () => {
    await lead((seen, response) => isEvent(seen) ? never() : asSent(seen, response));
    recordMany(1000);
    await eventually('events are under way', () => server.requests.some(isEvent));
    for (let index = 0; index < 20; index += 1) await cluster.apply(configMap(`c${index}`), 'redisworker');
    expect(server.requests.filter(isEvent).length).toBeLessThanOrEqual(2);
  });

  it('drops the oldest of too many events and counts them', async () => {
    await lead(never);
    recordMany(1000);
    const kept = 1000 - dropped;
    expect(kept).toBeGreaterThan(100);
    expect(kept).toBeLessThan(600);
  });
});

describe('a leader that could not renew its lease in time', () => {
  it('writes nothing more, and what waits for its turn or for an answer is refused', async () => {
    let renewable = true;
    await lead((seen, response) => seen.path.endsWith('/answered') ? asSent(seen, response) : never(), () => renewable);
    expect(await cluster.apply(configMap('answered'), 'redisworker')).toMatchObject({ metadata: { name: 'answered' } });
    const waiting = Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => cluster.apply(configMap(`c${index}`), 'redisworker')),
    );
    renewable = false;
    await eventually('they wait for an answer', () => server.requests.filter(isPatch).length === 17);
    for (let second = 0; second < 10; second += 1) await clock.advance(1000);
    expect(lost).toHaveLength(1);
    expect(election.leading()).toBe(false);
    const refusal = { status: 0, reason: 'NotLeading' };
    await expect(cluster.apply(configMap('answered'), 'redisworker')).rejects.toMatchObject(refusal);
    await expect(cluster.applyStatus(configMap('answered'), 'redisworker-status')).rejects.toMatchObject(refusal);
    await expect(cluster.patch(resources.configMaps, { namespace: 'n', name: 'a' }, {})).rejects.toMatchObject(refusal);
    await expect(cluster.delete(resources.configMaps, { namespace: 'n', name: 'a' })).rejects.toMatchObject(refusal);
    for (const result of await waiting) expect(result).toMatchObject({ status: 'rejected', reason: refusal });
    expect(server.requests.filter(isPatch)).toHaveLength(17);
    expect(cluster.mayWrite()).toBe(false);
  });
});
