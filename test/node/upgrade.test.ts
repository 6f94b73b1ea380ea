/** The life of a release while its workers are asked without a pause: nothing of it costs a request, or restarts a pod. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Reply } from '../../contract/reply.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { withCount, worker } from '../support/gen.ts';
import { type Helm, openHelm } from '../support/node/helm.ts';
import { importDefaultImages } from '../support/node/product-images.ts';
import { hasCrd, openRelease, type Release, releaseName, removeCrd } from '../support/node/release.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { patienceMs } from '../support/node/site.ts';
import { ask } from '../support/requests.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';
import { eventually } from '../support/wait.ts';

interface PodStatus {
  readonly containerStatuses?: readonly { readonly containerID?: string; readonly restartCount: number }[];
}

const timeout = `--timeout=${patienceMs / 1000}s`;
let helm: Helm;
let release: Release;
let redis: Redis;
let values: readonly string[];
let traffic: { end(): Promise<Reply[]> };

const apply = (object: KubeObject) =>
  release.node.apply({ ...object, metadata: { ...object.metadata, namespace: release.namespace } });
const podsOf = (label: string) => release.list('pods', '-l', label);

/** Which pods run the worker, and how often they were restarted. */
async function workerPods(): Promise<readonly (readonly [string | undefined, number | undefined])[]> {
  const pods = await podsOf('redisworker.dev/name=steady');
  return pods.map(({ metadata, status }) => [
    metadata.uid,
    (status as PodStatus).containerStatuses?.[0]?.restartCount,
  ]);
}

/** Pods of the operator, without those that are about to go. */
async function operators(): Promise<readonly (string | undefined)[]> {
  const pods = await podsOf('app.kubernetes.io/component=operator');
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.uid);
}

/** Asks the worker again and again, a few requests under way at a time, until it is told to end. */
function startTraffic(): { end(): Promise<Reply[]> } {
  const replies: Reply[] = [];
  let ended = false;
  const asker = async (): Promise<void> => {
    while (!ended) replies.push(await ask(redis, 'steady', replies.length, 60));
  };
  const askers = [asker(), asker()];
  for (const one of askers) one.catch(() => undefined); // told at the end
  return {
    async end() {
      ended = true;
      await Promise.all(askers);
      return replies;
    },
  };
}

interface Leader {
  readonly process: string;
  readonly pod: string;
  /** When it began to lead. */
  readonly since: number;
}

/** Who leads; nobody while one has given the lease back and the next has not seen it yet. */
async function leader(): Promise<Leader | undefined> {
  const { spec } = JSON.parse(await release.kubectl('get', 'lease', releaseName, '-o', 'json')) as {
    spec: { holderIdentity?: string; acquireTime: string };
  };
  const [pod] = spec.holderIdentity?.split('_') ?? [];
  return spec.holderIdentity && pod
    ? { process: spec.holderIdentity, pod, since: Date.parse(spec.acquireTime) }
    : undefined;
}

describeOnNode('a release with workers', () => {
  describeWith('helm4')('through its life', () => {
    const upgrade = (chart: string, ...more: string[]) =>
      helm.try('upgrade', releaseName, chart, ...release.where, ...values, '--wait', timeout, ...more);
    const revision = async () => {
      const [last] = JSON.parse(await helm.ok('history', releaseName, ...release.where, '--max=1', '-o', 'json')) as {
        revision: number;
        status: string;
        chart: string;
      }[];
      return last;
    };
    const install = (chart: string) =>
      helm.ok('install', releaseName, chart, ...release.where, ...values, '--wait', timeout);

    beforeAll(async () => {
      const node = sharedNode();
      [helm] = await Promise.all([openHelm(toolPath('helm4'), node), importDefaultImages(node), removeCrd(node)]);
      release = await openRelease(node, 'life');
      // This test asks from outside of the cluster, and goes on asking after an uninstall.
      values = [
        'replicaCount=2',
        'redis.trial.enabled=true',
        'redis.trial.keep=true',
        `redis.trial.clients[0].ipBlock.cidr=${node.network.hostAddress}/32`,
      ].flatMap((value) => ['--set', value]);
      await install(helm.packagedBefore);
      redis = await release.connectRedis();
      await apply(worker('steady'));
      await release.ready('steady');
      traffic = startTraffic();
    });
    afterAll(async () => {
      await release.deleteWorkers();
      await helm.try('uninstall', releaseName, ...release.where, '--wait', timeout);
      redis.disconnect();
      await helm.close();
    });

    test('is upgraded from the version before, and no pod of a worker is restarted', async () => {
      const before = await workerPods();
      const operatorsBefore = await operators();
      expect(await upgrade(helm.packaged)).toMatchObject({ code: 0 });
      expect(await revision()).toMatchObject({ revision: 2, status: 'deployed', chart: `${releaseName}-0.1.0` });
      const operatorsAfter = await operators();
      expect(operatorsAfter).toHaveLength(2);
      expect(operatorsAfter.filter((uid) => operatorsBefore.includes(uid))).toEqual([]);
      await release.ready('steady');
      expect(await workerPods()).toEqual(before);
    });

    test('is rolled back, and upgraded again, with the same pods of the worker', async () => {
      const before = await workerPods();
      await helm.ok('rollback', releaseName, '1', ...release.where, '--wait', timeout);
      expect(await revision()).toMatchObject({ revision: 3, status: 'deployed', chart: `${releaseName}-0.0.9` });
      expect(await upgrade(helm.packaged)).toMatchObject({ code: 0 });
      await release.ready('steady');
      expect(await workerPods()).toEqual(before);
    });

    test('loses its leader to SIGKILL, and a standby takes over within 20 seconds', async () => {
      const { process, pod } = await eventually('somebody leads', leader, patienceMs);
      const { status } = JSON.parse(await release.kubectl('get', 'pod', pod, '-o', 'json')) as { status: PodStatus };
      const [, container = ''] = status.containerStatuses?.[0]?.containerID?.split('//') ?? [];
      const killedAt = Date.now();
      expect(await release.node.ctr(['tasks', 'kill', '--signal', 'SIGKILL', container])).toMatchObject({ code: 0 });
      // The one in the other pod, or that which the kubelet has started in the place of the dead one and stood by since.
      const next = await eventually('another leads', async () => {
        const now = await leader();
        return now?.process !== process && now;
      }, patienceMs);
      expect(next.since - killedAt).toBeLessThan(20_000);
      await apply(worker('afterwards'));
      await release.ready('afterwards');
    });

    test('is uninstalled, and the pods of its workers go on answering', async () => {
      const before = await workerPods();
      await helm.ok('uninstall', releaseName, ...release.where, '--wait', timeout);
      await eventually(
        'no operator is left',
        async () => (await podsOf('app.kubernetes.io/component=operator')).length === 0,
        patienceMs,
      );
      expect(await hasCrd(release.node)).toBe(true);
      expect(await ask(redis, 'steady', 'nobody is here')).toMatchObject({ code: 200 });
      expect(await ask(redis, 'afterwards', 'nobody is here')).toMatchObject({ code: 200 });
      expect(await workerPods()).toEqual(before);
    });

    test('takes its workers back when it is installed again, and changes them as they are changed', async () => {
      const before = await workerPods();
      await install(helm.packaged);
      await apply(worker('steady', withCount(2)));
      await eventually(
        'the change is carried out',
        async () => (await release.worker('steady')).status?.observedGeneration === 2,
        patienceMs,
      );
      await release.ready('steady');
      const after = await workerPods();
      expect(after).toHaveLength(2);
      expect(after).toEqual(expect.arrayContaining([...before]));
    });

    test('has answered every request that was sent meanwhile', async () => {
      const replies = await traffic.end();
      expect(replies.length).toBeGreaterThan(100);
      expect(replies.filter(({ code }) => code !== 200)).toEqual([]);
    });
  });
});
