/** Values that change what is rendered, and sets of them in which every pair occurs together once. Pure. */
import type { GivenValues } from './helm.ts';

/** A choice and what can be chosen. */
type Choices = Readonly<Record<string, Readonly<Record<string, GivenValues>>>>;

const login = (name: string) => ({ name, usernameKey: 'user', passwordKey: 'pass' });
const peer = { namespaceSelector: { matchLabels: { team: 'a' } } };
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** Every value that becomes a flag by itself. */
export const flagValues: GivenValues = {
  logLevel: 'debug',
  concurrency: 16,
  defaultRedisNamespaces: ['team-a', 'team-b'],
  redisPasswordMaxAge: '30d',
  redisHosts: ['*.example.com', '10.1.0.0/16'],
  secretConsentLabel: 'example.com/workers=allowed',
  denyPodFields: ['image', 'labels'],
  code: {
    jobs: false,
    proxy: { http: 'http://proxy.example:3128', https: 'http://proxy.example:3129/', noProxy: ['.house', '10.0.0.1'] },
    registry: { repository: 'registry.example:5000/team/code' },
    npmRegistry: 'https://npm.example/',
    jsrRegistry: 'https://jsr.example',
  },
  clusterCidrs: ['203.0.113.0/24', '2001:db8::/32'],
  searchDomains: ['eu-west-1.compute.internal'],
  dnsServer: '10.96.0.10:53',
};

/** Everything the templates ask about. */
export const choices: Choices = {
  served: { all: {}, one: { watchNamespace: 'team-a' } },
  replicas: {
    one: {},
    three: { replicaCount: 3 },
    'two without budget': { replicaCount: 2, podDisruptionBudget: { enabled: false } },
    'spread otherwise': {
      replicaCount: 2,
      podDisruptionBudget: { maxUnavailable: '50%' },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
      ],
    },
  },
  redis: {
    none: {},
    url: { redis: { url: 'redis://redis.example:6379/0' } },
    login: { redis: { url: 'redis://redis.example:6379/0', existingSecret: login('redis-login') } },
    sentinel: {
      redis: {
        url: 'redis+sentinel://s1:26379,s2:26379/mymaster/0',
        existingSecret: login('redis-login'),
        sentinel: { existingSecret: login('sentinel-login') },
      },
    },
    tls: {
      redis: {
        url: 'rediss://redis.example:6379/0',
        tls: {
          caSecret: { name: 'redis-ca' },
          certSecret: { name: 'redis-client' },
          workerCertSecret: { name: 'redis-worker' },
          serverName: 'redis.internal',
        },
      },
    },
    trial: { redis: { trial: { enabled: true } } },
    'trial on a volume': {
      redis: {
        trial: {
          enabled: true,
          keep: true,
          existingSecret: 'trial-password',
          persistence: { enabled: true, storageClass: 'fast', size: '2Gi' },
          clients: [peer],
          maxMemory: '',
          image: { digest },
          nodeSelector: { disk: 'fast' },
          tolerations: [{ operator: 'Exists' }],
          affinity: { nodeAffinity: {} },
        },
      },
    },
  },
  metrics: {
    open: {},
    'without a Service': { metrics: { service: { enabled: false } } },
    authenticated: { metrics: { authentication: 'TokenReview' } },
    'with a certificate': { metrics: { authentication: 'TokenReview', certSecret: { name: 'metrics-cert' } } },
    'open, with a page': {
      metrics: { certSecret: { name: 'page-cert' } },
      page: { enabled: true, service: { annotations: { team: 'a' } } },
      networkPolicy: { pageFrom: [peer] },
    },
  },
  monitoring: {
    none: {},
    here: {
      metrics: {
        serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
        prometheusRule: { enabled: true, alertLabels: { team: 'a' } },
        dashboard: { enabled: true },
      },
    },
    elsewhere: {
      metrics: {
        serviceMonitor: {
          enabled: true,
          namespace: 'monitoring',
          interval: '30s',
          scrapeTimeout: '5s',
          tlsConfig: { insecureSkipVerify: true },
          tokenSecret: { name: 'metrics-token' },
          relabelings: [{ action: 'labeldrop', regex: 'pod' }],
          metricRelabelings: [{ action: 'labeldrop', regex: 'kind' }],
        },
        prometheusRule: { enabled: true, namespace: 'monitoring', labels: { role: 'alerts' } },
        dashboard: { enabled: true, namespace: 'monitoring', annotations: { grafana_folder: 'Workers' } },
      },
    },
  },
  network: {
    open: {},
    none: { networkPolicy: { enabled: false } },
    closed: {
      networkPolicy: {
        metricsFrom: [peer],
        egress: { enabled: true, rules: [{ to: [{ ipBlock: { cidr: '10.0.0.1/32' } }], ports: [{ port: 6443 }] }] },
      },
    },
  },
  canary: { on: {}, off: { canary: { enabled: false } } },
  crds: { kept: {}, 'not kept': { crds: { keep: false } }, none: { crds: { install: false } } },
  users: {
    ours: {},
    openshift: { openshift: { enabled: true } },
    'of the image': { podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null } },
  },
  names: {
    usual: {},
    overridden: { fullnameOverride: 'workers', nameOverride: 'operator' },
    long: { fullnameOverride: `a${'-very'.repeat(9)}-long-name` },
  },
  images: {
    tagged: {},
    pinned: {
      image: { registry: 'registry.example:5000', digest, pullPolicy: 'Always' },
      workerImage: { registry: '', repository: 'worker', digest },
      imagePullSecrets: [{ name: 'registry-login' }],
    },
  },
  accounts: {
    made: {},
    given: { serviceAccount: { create: false, name: 'operator' }, rbac: { create: false, people: { create: false } } },
    annotated: {
      serviceAccount: { name: 'operator', annotations: { 'example.com/role': 'r' } },
      rbac: { people: { aggregate: false } },
    },
  },
  flags: {
    usual: {},
    all: { ...flagValues, extraArgs: ['--search-domain=example.internal'] },
  },
  pods: {
    usual: {},
    everything: {
      commonLabels: { team: 'a' },
      commonAnnotations: { 'example.com/owner': 'team-a' },
      podLabels: { tier: 'control' },
      podAnnotations: { 'example.com/scan': 'yes' },
      priorityClassName: 'system-cluster-critical',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'control', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      dnsPolicy: 'ClusterFirst',
      dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
      hostAliases: [{ ip: '10.0.0.9', hostnames: ['redis.example'] }],
      extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/extra/ca.crt' }],
      extraVolumes: [{ name: 'extra', configMap: { name: 'extra' } }],
      extraVolumeMounts: [{ name: 'extra', mountPath: '/extra', readOnly: true }],
    },
  },
  beside: {
    usual: {},
    argocd: { argocd: { healthScript: { enabled: true } } },
    'no tests': { tests: { enabled: false } },
    'tests as somebody else': { tests: { timeoutSeconds: 30, existingSecret: login('test-login') } },
  },
};

/** One of each choice. */
export type Combination = Readonly<Record<string, string>>;

/** What the chart refuses, which a test of its own shows. */
function isRefused({ served, metrics }: Combination): boolean {
  return served === 'one' && metrics !== undefined && !['open', 'without a Service'].includes(metrics);
}

/** Combinations in which every two things that can be chosen together are, at least once; always the same ones. */
export function pairwise(from: Choices = choices): Combination[] {
  const missing = new Set(pairsOf(from));
  const found: Combination[] = [];
  for (const pair of missing) {
    const combination = completed(JSON.parse(pair) as Combination, from, missing);
    for (const covered of pairsIn(combination)) missing.delete(covered);
    found.push(combination);
  }
  return found;
}

/** Chooses the rest one by one, each time what covers most of what is missing. */
function completed(start: Combination, from: Choices, missing: ReadonlySet<string>): Combination {
  let combination = start;
  for (const [name, options] of Object.entries(from)) {
    if (name in combination) continue;
    const candidates = Object.keys(options).map((option) => ({ ...combination, [name]: option })).filter((one) =>
      !isRefused(one)
    );
    const gain = (one: Combination): number => pairsIn(one).filter((pair) => missing.has(pair)).length;
    combination = candidates.reduce((best, one) => (gain(one) > gain(best) ? one : best));
  }
  return combination;
}

function pairsOf(from: Choices): string[] {
  const single = Object.entries(from).flatMap(([name, options]) =>
    Object.keys(options).map((option) => ({ [name]: option }))
  );
  return single.flatMap((one, at) => single.slice(at + 1).map((other) => ({ ...one, ...other })))
    .filter((pair) => Object.keys(pair).length === 2 && !isRefused(pair)).map((pair) => JSON.stringify(pair));
}

function pairsIn(combination: Combination): string[] {
  const names = Object.keys(choices).filter((name) => name in combination);
  return names.flatMap((one, at) =>
    names.slice(at + 1).map((other) => JSON.stringify({ [one]: combination[one], [other]: combination[other] }))
  );
}

/** The values of a combination. */
export function valuesOf(combination: Combination): GivenValues {
  return Object.entries(combination).reduce<GivenValues>(
    (values, [name, option]) => merged(values, choices[name]?.[option] ?? {}),
    {},
  );
}

function merged(one: GivenValues, other: GivenValues): GivenValues {
  const both = Object.entries(other).map(([key, value]): [string, unknown] => {
    const before = one[key];
    return [key, isMap(before) && isMap(value) ? merged(before, value) : value];
  });
  return { ...one, ...Object.fromEntries(both) };
}

function isMap(value: unknown): value is GivenValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
