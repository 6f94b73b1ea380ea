import { describe, expect, it } from 'vitest';
import { resourceOf } from '../../../contract/config-hash.ts';
import { configHashKey } from '../../../contract/keys.ts';
import { hatsWorker, withCount, withIds, withInline, withNet, withSpec, worker } from '../../../test/support/gen.ts';
import { observed, type Surroundings } from '../../../test/support/observed.ts';
import { pod, settled, steps } from '../../../test/support/plans.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { finalizer } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import { planOf } from './index.ts';
import { targetAt } from '../../../test/support/redis-target.ts';

describe('the plan of a new worker', () => {
  it('makes what each step rests on first: policy and hash before the pod', () => {
    expect(steps(planOf(observed(worker('w', withCount(2)), { stream: { group: false } })))).toEqual([
      'setFinalizers FinalizerMissing',
      'applyObject SourceMissing ConfigMap',
      'applyObject RuntimeSecretMissing Secret',
      'applyObject NetworkPolicyMissing NetworkPolicy',
      'ensureGroup WorkMissing',
      'writeConfigHash ConfigHashMissing 1',
      'writeConfigHash ConfigHashMissing 2',
      'applyObject DeploymentMissing Deployment',
      'applyObject DeploymentMissing Deployment',
    ]);
  });

  it('is to wait while Redis does not answer, without a finalizer: it can be deleted at once', () => {
    const decision = planOf(
      observed(worker('w'), { spec: { redis: { kind: 'fault', reason: 'RedisUnreachable', message: 'down' } } }),
    );
    expect(steps(decision)).toEqual([
      'applyObject SourceMissing ConfigMap',
      'applyObject NetworkPolicyMissing NetworkPolicy',
    ]);
    expect(decision.waitingFor).toEqual(['Redis to answer']);
  });
});

describe('the plan of a worker that has everything', () => {
  it('is empty', () => {
    expect(steps(planOf(settled(worker('w', withCount(3), withNet('10.0.0.0/8:443')))))).toEqual([]);
  });

  it('has a Service where it answers over HTTP, repairs it, and opens one port to those that may call', () => {
    const object = hatsWorker('w', { http: { port: 8000, from: [{ podSelector: { matchLabels: { app: 'shop' } } }] } });
    const complete = settled(object);
    expect(steps(planOf(complete))).toEqual([]);
    const [service] = complete.children.services;
    expect(service).toMatchObject({
      metadata: { name: 'w', ownerReferences: [{ kind: 'RedisWorker', name: 'w' }] },
      spec: {
        selector: { 'app.kubernetes.io/managed-by': 'redisworker', 'redisworker.dev/name': 'w' },
        ports: [{ port: 8000, targetPort: 'http' }],
      },
    });
    expect(complete.children.networkPolicies[0]?.spec).toMatchObject({
      ingress: [{
        from: [{
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
          podSelector: { matchLabels: { app: 'shop' } },
        }],
        ports: [{ protocol: 'TCP', port: 8080 }],
      }],
    });
    const { selector, ...spec } = service!.spec as { selector: object };
    for (const changed of [{ ...spec, selector: { ...selector, of: 'others' } }, { ...spec, selector, ports: [] }]) {
      const services = [{ ...service!, spec: changed }];
      expect(steps(planOf(settled(object, { children: { services } })))).toEqual([
        'applyObject ServiceDrifted Service',
      ]);
    }
    expect(steps(planOf(settled(object, { children: { services: [] } })))).toEqual([
      'applyObject ServiceMissing Service',
    ]);
  });

  it('takes the Service away that is asked for no more, and makes no pods anew for another one who may call', () => {
    const { services } = settled(hatsWorker('w', { http: {} })).children;
    expect(steps(planOf(settled(hatsWorker('w'), { children: { services } })))).toEqual([
      'deleteObject HttpDisabled w',
    ]);
    const closed = settled(hatsWorker('w', { http: {} }));
    const wider = hatsWorker('w', { http: { from: [{ namespaceSelector: {} }] } });
    expect(steps(planOf(settled(wider, { children: closed.children })))).toEqual([
      'applyObject NetworkPolicyDrifted NetworkPolicy',
    ]);
  });

  it("writes a hash again that lost a field of ours, and leaves the worker's own fields out of it", () => {
    const key = configHashKey('w', '1');
    const complete = settled(worker('w'));
    const hash = complete.spec?.redis.kind === 'answered' ? complete.spec.redis.hashes.get(key) : undefined;
    const rest = Object.fromEntries(
      Object.entries(hash as Record<string, string>).filter(([field]) => field !== 'requestStream'),
    );
    expect(steps(planOf(settled(worker('w'), { hashes: { [key]: { ...rest, counter: '7' } } })))).toEqual([
      'writeConfigHash ConfigHashStale 1',
    ]);
  });

  it('repairs a policy that was opened by hand', () => {
    const complete = settled(worker('w'));
    const [policy] = complete.children.networkPolicies;
    const opened = { ...policy!, spec: { ...(policy!.spec as object), egress: [{}] } };
    expect(steps(planOf(settled(worker('w'), { children: { networkPolicies: [opened] } })))).toEqual([
      'applyObject NetworkPolicyDrifted NetworkPolicy',
    ]);
  });

  it.each(['Kubernetes', 'Cilium'])('repairs a policy of flavor %s whose selector got one more label', (flavor) => {
    const object = worker('w', withSpec({ networkPolicy: { flavor } }));
    const [policy] = settled(object).children.networkPolicies;
    const narrowed = JSON.parse(
      JSON.stringify(policy).replaceAll('"matchLabels":{', '"matchLabels":{"nobody":"here",'),
    ) as KubeObject;
    expect(steps(planOf(settled(object, { children: { networkPolicies: [narrowed] } })))).toEqual([
      `applyObject NetworkPolicyDrifted ${policy!.kind}`,
    ]);
    expect(steps(planOf(settled(object)))).toEqual([]);
  });

  it('rolls from one flavor of policy to the other, and collects the old one after its last pod', () => {
    const old = settled(worker('w'));
    const [policy] = old.children.networkPolicies;
    const cilium = worker('w', withSpec({ networkPolicy: { flavor: 'Cilium' } }));
    const rolled = settled(cilium, {
      children: { networkPolicies: old.children.networkPolicies, deployments: old.children.deployments },
    });
    expect(steps(planOf(rolled))).toEqual([
      'applyObject NetworkPolicyMissing CiliumNetworkPolicy',
      'applyObject DeploymentDrifted Deployment',
    ]);
    const after = settled(cilium);
    const both = (pods: KubeObject[]) =>
      settled(cilium, { children: { networkPolicies: [...after.children.networkPolicies, policy!], pods } });
    const ofOldHash = { ...pod('1'), metadata: { ...pod('1').metadata, labels: policy!.metadata.labels! } };
    expect(steps(planOf(both([ofOldHash])))).toEqual([]);
    expect(planOf(both([])).actions).toMatchObject([{
      do: 'deleteObject',
      resource: { kind: 'NetworkPolicy' },
      ref: { name: policy!.metadata.name },
      why: 'NoPodUsesIt',
    }]);
  });

  it('creates the group again after it was lost', () => {
    expect(steps(planOf(settled(worker('w'), { stream: { group: false } })))).toEqual(['ensureGroup WorkMissing']);
  });

  it('clears the pid of a pod that is gone, and of no other', () => {
    const hashOf = (owner: string) => {
      const complete = settled(worker('w'));
      const fields = complete.spec?.redis.kind === 'answered'
        ? (complete.spec.redis.hashes.get(configHashKey('w', '1')) as Record<string, string>)
        : {};
      return { [configHashKey('w', '1')]: { ...fields, pid: '1', owner } };
    };
    expect(steps(planOf(settled(worker('w'), { hashes: hashOf('pod-old'), children: { pods: [pod('1')] } })))).toEqual([
      'clearStalePid OwnerPodGone 1',
    ]);
    expect(steps(planOf(settled(worker('w'), { hashes: hashOf('pod-1'), children: { pods: [pod('1')] } })))).toEqual(
      [],
    );
  });

  it('keeps what pods run and the sources that were made last, and collects older ones with all their parts', () => {
    const keeping = (keep: number) =>
      settled(worker('w', withSpec({ source: { inline: 'export default () => 1;\n', keep } })));
    const former = (name: string, creationTimestamp: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, uid: name, creationTimestamp },
    });
    const all = [
      former('w-000000000a', '2026-01-01T00:00:00Z'),
      former('w-000000000b-aaaaaa-1', '2026-01-02T00:00:00Z'),
      former('w-000000000b-aaaaaa-2', '2026-01-02T00:00:01Z'),
      former('w-000000000c', '2026-01-03T00:00:00Z'),
    ];
    const collected = (keep: number) => {
      const now = keeping(keep);
      const configMaps = [...now.children.configMaps, ...all];
      return planOf({ ...now, children: { ...now.children, configMaps } }).actions.map((action) =>
        action.do === 'deleteObject' ? action.ref.name : action.do
      );
    };
    expect(collected(3)).toEqual([]);
    expect(collected(2)).toEqual(['w-000000000a']);
    expect(collected(1)).toEqual(['w-000000000b-aaaaaa-1', 'w-000000000b-aaaaaa-2', 'w-000000000a']);
    expect(collected(0)).toHaveLength(4);
  });

  it('replaces source and pod when the code changes, and collects the old source after its last pod', () => {
    const old = settled(worker('w'));
    const changed = worker('w', withSpec({ source: { inline: 'export default () => 1;\n', keep: 0 } }));
    const rolled = planOf(
      observed({ ...changed, metadata: { ...changed.metadata, finalizers: [finalizer] } }, {
        children: old.children,
        hashes: Object.fromEntries(
          (old.spec?.redis.kind === 'answered' ? old.spec.redis.hashes : new Map()) as Map<
            string,
            Record<string, string>
          >,
        ),
      }),
    );
    expect(steps(rolled)).toEqual(['applyObject SourceMissing ConfigMap', 'applyObject DeploymentDrifted Deployment']);
    const after = settled(changed, {});
    const leftOver = observed(after.object, {
      children: { ...after.children, configMaps: [...after.children.configMaps, ...old.children.configMaps] },
      hashes: Object.fromEntries(
        (after.spec?.redis.kind === 'answered' ? after.spec.redis.hashes : new Map()) as Map<
          string,
          Record<string, string>
        >,
      ),
    });
    expect(steps(planOf(leftOver))).toEqual([`deleteObject NoPodUsesIt ${old.children.configMaps[0]!.metadata.name}`]);
  });
});

describe('the plan for a consumer that is no longer wanted', () => {
  const three = settled(worker('w', withCount(3)));
  const hashes = Object.fromEntries(
    (three.spec?.redis.kind === 'answered' ? three.spec.redis.hashes : new Map()) as Map<
      string,
      Record<string, string>
    >,
  );
  const two = { ...worker('w', withCount(2)), metadata: three.object.metadata };
  const consumer = (pending: number) => ({ stream: { consumers: [{ name: '3', pending, idleMs: 1 }], pending } });

  it('first takes its replicas away', () => {
    expect(steps(planOf(observed(two, { children: { ...three.children, pods: [pod('3')] }, hashes, ...consumer(1) }))))
      .toEqual(['scaleToZero ConsumerRemoved w-3']);
  });

  const scaledDown = three.children.deployments.map((
    deployment,
  ) => (deployment.metadata.name === 'w-3'
    ? { ...deployment, spec: { ...(deployment.spec as object), replicas: 0 } }
    : deployment)
  );

  it('then waits for its pod', () => {
    const decision = planOf(
      observed(two, {
        children: { ...three.children, deployments: scaledDown, pods: [pod('3')] },
        hashes,
        ...consumer(1),
      }),
    );
    expect(steps(decision)).toEqual([]);
    expect(decision.waitingFor).toEqual(['the pod of consumer "3" to end']);
  });

  it('then hands its pending requests over and forgets it, the Deployment last', () => {
    expect(
      steps(
        planOf(observed(two, { children: { ...three.children, deployments: scaledDown }, hashes, ...consumer(1) })),
      ),
    ).toEqual([
      'handOver ConsumerRemoved',
      'deleteConsumer ConsumerRemoved',
      'deleteConfigHash ConsumerRemoved 3',
      'deleteObject ConsumerRemoved w-3',
    ]);
  });

  describe('of which nothing but its place in the group is left', () => {
    const kept = three.children.deployments.filter(({ metadata }) => metadata.name !== 'w-3');
    const rest = Object.fromEntries(Object.entries(hashes).filter(([key]) => key !== configHashKey('w', '3')));
    const left = (around: Surroundings, object = two) =>
      planOf(observed(object, { children: { ...three.children, deployments: kept }, hashes: rest, ...around }));

    it('takes it out of the group, with what it was given', () => {
      expect(steps(left(consumer(0)))).toEqual(['deleteConsumer ConsumerRemoved']);
      expect(steps(left(consumer(2)))).toEqual(['handOver ConsumerRemoved', 'deleteConsumer ConsumerRemoved']);
    });

    it('waits for a pod of it that was told of late', () => {
      const late = left({ ...consumer(0), children: { ...three.children, deployments: kept, pods: [pod('3')] } });
      expect(steps(late)).toEqual([]);
      expect(late.waitingFor).toEqual(['the pod of consumer "3" to end']);
    });

    it('leaves alone who reads along by a name, who has a hash, and whoever is in a group of somebody else', () => {
      const named = { stream: { consumers: [{ name: 'debug', pending: 0, idleMs: 1 }] } };
      const theirs = { hashes: { ...rest, [configHashKey('w', '3')]: { resource: 'other/w/uid-9' } } };
      const elsewhere = { beside: { owner: 'other/w/uid-9' } };
      for (const around of [named, { ...consumer(0), ...theirs }, { ...consumer(0), ...elsewhere }]) {
        expect(steps(left(around))).toEqual([]);
      }
    });
  });

  it('keeps its pending requests in the group when nobody is left to take them', () => {
    const none = { ...worker('w', withCount(0)), metadata: three.object.metadata };
    const children = { ...three.children, deployments: scaledDown.filter(({ metadata }) => metadata.name === 'w-3') };
    expect(
      steps(
        planOf(
          observed(none, {
            children,
            hashes: { [configHashKey('w', '3')]: hashes[configHashKey('w', '3')]! },
            ...consumer(1),
          }),
        ),
      ),
    ).toEqual([
      'deleteConfigHash ConsumerRemoved 3',
      'deleteObject ConsumerRemoved w-3',
    ]);
  });
});

describe('the plan of a worker that is being deleted', () => {
  const gone = (around: Surroundings = {}, spec: Record<string, unknown> = {}) => {
    const complete = settled(worker('w', withSpec(spec)));
    const hashes = Object.fromEntries(
      (complete.spec?.redis.kind === 'answered' ? complete.spec.redis.hashes : new Map()) as Map<
        string,
        Record<string, string>
      >,
    );
    return observed({
      ...complete.object,
      metadata: { ...complete.object.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' },
    }, { children: { ...complete.children, deployments: [] }, hashes, ...around });
  };

  it('cleans Redis and then lets it go, creating nothing', () => {
    expect(steps(planOf(gone()))).toEqual([
      'deleteConfigHash WorkerDeleted 1',
      'leaveGroup WorkerDeleted',
      'setFinalizers CleanupFinished',
    ]);
  });

  it('lets it go once: until the cluster has removed it there is nothing to do', () => {
    const { object, ...around } = gone({ hashes: {}, beside: { owner: undefined } });
    const released = { ...around, object: { ...object, metadata: { ...object.metadata, finalizers: [] } } };
    expect(steps(planOf(released))).toEqual([]);
  });

  it('keeps the hashes and the group for the next worker when they are to be retained', () => {
    const retained = planOf(gone({}, { deletionPolicy: 'Retain' }));
    expect(steps(retained)).toEqual([
      'releaseConfigHash WorkerDeleted 1',
      'leaveGroup WorkerDeleted',
      'setFinalizers CleanupFinished',
    ]);
    expect(retained.actions[1]).toMatchObject({ step: { manner: 'keep' } });
  });

  it('touches neither the group nor the consumers of another worker', () => {
    const consumers = [{ name: '1', pending: 3, idleMs: 0 }];
    expect(steps(planOf(gone({ beside: { owner: 'default/elder/uid-0' }, stream: { consumers, pending: 3 } }))))
      .toEqual([
        'deleteConfigHash WorkerDeleted 1',
        'setFinalizers CleanupFinished',
      ]);
  });

  it('waits for a Redis that does not answer, but not for ever', () => {
    const fault = { redis: { kind: 'fault', reason: 'RedisUnreachable', message: 'down' } } as const;
    const complete = settled(worker('w'));
    expect(planOf(gone({ spec: fault, children: complete.children })).actions[0]).toMatchObject({
      do: 'scaleToZero',
    });
    // Its hash may be there although its first pod never came to be.
    expect(planOf(gone({ spec: fault }))).toMatchObject({ actions: [], waitingFor: ['Redis to answer'] });
    expect(steps(planOf(gone({ spec: fault, abandonRedis: true })))).toEqual(['setFinalizers CleanupAbandoned']);
  });
});

describe('a pod that has ended for good', () => {
  const finished = (id: string, phase = 'Failed'): KubeObject => ({ ...pod(id), status: { phase } });
  const pidOf = (owner: string) => {
    const { spec } = settled(worker('w'));
    const hash = spec?.redis.kind === 'answered' ? spec.redis.hashes.get(configHashKey('w', '1')) : undefined;
    return { [configHashKey('w', '1')]: { ...(hash as Record<string, string>), pid: '7', owner } };
  };

  it.each(['Failed', 'Succeeded'])('in phase %s is deleted, and its pid is cleared for its successor', (phase) => {
    const pods = [finished('1', phase), pod('1', 'pod-successor')];
    expect(steps(planOf(settled(worker('w'), { children: { pods }, hashes: pidOf('pod-1') })))).toEqual([
      'deleteObject PodFinished w-1',
      'clearStalePid OwnerPodGone 1',
    ]);
  });

  it('keeps its pid while it may still run, on a node nobody hears of for one', () => {
    const lost = {
      ...finished('1', 'Unknown'),
      metadata: { ...pod('1').metadata, deletionTimestamp: '2030-01-01T00:00:00Z' },
    };
    expect(steps(planOf(settled(worker('w'), { children: { pods: [lost] }, hashes: pidOf('pod-1') })))).toEqual([]);
  });

  it('is deleted while Redis does not answer, too', () => {
    const fault = { redis: { kind: 'fault', reason: 'RedisUnreachable', message: 'down' } } as const;
    expect(steps(planOf(settled(worker('w'), { children: { pods: [finished('1')] }, spec: fault })))).toEqual([
      'deleteObject PodFinished w-1',
    ]);
  });

  it('keeps neither its consumer nor its worker from going', () => {
    const complete = settled(worker('w'), { hashes: pidOf('pod-1') });
    const { children, object } = complete;
    const scaledDown = children.deployments.map((one) => ({ ...one, spec: { ...(one.spec as object), replicas: 0 } }));
    const left = { children: { ...children, deployments: scaledDown, pods: [finished('1')] }, hashes: pidOf('pod-1') };
    const none = { ...worker('w', withCount(0)), metadata: object.metadata };
    expect(steps(planOf(observed(none, left)))).toEqual([
      'deleteObject PodFinished w-1',
      'deleteConfigHash ConsumerRemoved 1',
      'deleteObject ConsumerRemoved w-1',
    ]);
    const deleted = { ...object, metadata: { ...object.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } };
    expect(steps(planOf(observed(deleted, left)))).toEqual([
      'deleteObject PodFinished w-1',
      'deleteConfigHash WorkerDeleted 1',
      'deleteObject WorkerDeleted w-1',
      'leaveGroup WorkerDeleted',
      'setFinalizers CleanupFinished',
    ]);
  });
});

describe('problems', () => {
  const reasons = (of: Observed) => planOf(of).problems.map(({ reason }) => reason);

  it('leave everything as it is', () => {
    const complete = settled(worker('w'));
    const changed = worker('w', withInline('export default () => 1;\n'));
    const broken = observed({ ...changed, metadata: complete.object.metadata }, {
      children: complete.children,
      spec: { rival: { worker: 'default/elder', over: 'type' } },
    });
    expect(reasons(broken)).toEqual(['TypeConflict']);
    expect(planOf(broken).actions).toEqual([]);
  });

  it('name a hash that belongs to somebody else', () => {
    const theirs = { [configHashKey('w', 'b')]: { resource: resourceOf('other', 'v', 'uid-9') } };
    const decision = planOf(observed(worker('w', withIds('a', 'b')), { hashes: theirs }));
    expect(decision.problems).toEqual([{
      reason: 'HashConflict',
      terminal: true,
      message: `config hash "${
        configHashKey('w', 'b')
      }" belongs to other/v/uid-9: delete that worker, or delete the hash if it is left over`,
    }]);
  });

  it('name a key of the wrong type', () => {
    expect(reasons(observed(worker('w'), { hashes: { [configHashKey('w', '1')]: 'wrongType' } }))).toEqual([
      'WrongRedisType',
    ]);
    expect(reasons(observed(worker('w'), { stream: { wrongType: true, group: false } }))).toEqual(['WrongRedisType']);
  });

  const at = (host: string, podNetwork: 'Own' | 'Shared', spec: Record<string, unknown> = {}) => {
    const target = targetAt({ host });
    return planOf(observed(worker('w', withSpec(spec)), {
      defaults: { podNetwork },
      spec: {
        endpoint: {
          ok: true,
          value: { url: 'redis://there', target, servers: [{ host, port: 6379, addresses: [] }] },
        },
      },
    })).problems;
  };

  it.each([
    '127.0.0.1',
    '127.1.2.3',
    'localhost',
    'LOCALHOST.',
    'redis.localhost',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '0.0.0.0',
  ])(
    'tell at once of a Redis at %s, which in a pod is the pod itself',
    (host) => {
      expect(at(host, 'Own', { redis: { url: 'redis://there' } })).toEqual([{
        reason: 'RedisOnLoopback',
        terminal: true,
        message:
          `spec.redis.url leads to ${host}, which in a pod is the pod itself: give the name of a Service, or of a host that pods reach`,
      }]);
      expect(at(host, 'Own')).toMatchObject([{ reason: 'RedisOnLoopback', terminal: false }]);
      expect(at(host, 'Shared')).toEqual([]);
    },
  );

  it('tell of no other Redis that it is in the pod', () => {
    expect(at('192.0.2.1', 'Own')).toEqual([]);
  });

  it('name the older worker that has the type', () => {
    expect(reasons(observed(worker('w'), { spec: { rival: { worker: 'default/elder', over: 'type' } } }))).toEqual([
      'TypeConflict',
    ]);
  });
});
