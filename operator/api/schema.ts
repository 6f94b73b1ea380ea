/** The whole RedisWorker as one schema: the CRD, the types and the parse come from here. */
import { z } from 'zod';
import { deadLetterStreamKey, keyPrefix, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { objectName } from './bounded.ts';
import { consumers } from './fields/consumers.ts';
import { denoOptions } from './fields/deno-options.ts';
import { hats } from './fields/hats.ts';
import { http } from './fields/http.ts';
import { modules } from './fields/modules.ts';
import { networkPolicy, permissions } from './fields/permissions.ts';
import { pod } from './fields/pod.ts';
import { redis } from './fields/redis.ts';
import { rollout } from './fields/rollout.ts';
import { source } from './fields/source.ts';
import { handler, stream } from './fields/stream.ts';
import { tasks } from './fields/tasks.ts';
import { telemetry } from './fields/telemetry.ts';
import { nameIsLabel, nameOfService, nameOrType, typePattern, type Whole } from './name-rules.ts';
import { matches, type Rule, withRules } from './rules.ts';
import {
  endpointsNeedHttp,
  hatsFitsRuntime,
  hatsHasNoStream,
  httpFitsRuntime,
  modulesFitRuntime,
  noRequestsBesideTasks,
  nothingModulesCannotHave,
  nothingScriptsCannotHave,
  preludeFileIsRhai,
  preludeIsText,
  type Runs,
  scriptsWriteTheirRecords,
  sourceFitsRuntime,
  tasksFitRuntime,
} from './runtime-rules.ts';

export const apiVersion = 'redisworker.dev/v1alpha1';
export const kind = 'RedisWorker';

/** Why a whole program cannot be run there. */
export const scriptInCluster =
  'runtime Script cannot work on a Redis Cluster, because its program dials one server and each has only some of the keys: use runtime Handler, or a Redis that is no Cluster';

/** Why scripts cannot be shared there. */
export const hatsInCluster =
  'runtime Hats cannot work on a Redis Cluster, because the keys of one HATS cluster would lie on several servers: use a Redis that is no Cluster';

const type = withRules(
  z.string().min(1).max(63),
  matches(
    typePattern,
    'spec.type must start with a lower-case letter and go on with lower-case letters, digits, "-" and "_"',
  ),
);

/** Why tasks cannot be taken from there. */
export const tasksInCluster =
  'runtime Rhai cannot work on a Redis Cluster, because a task ends in its hash and in the list it was taken from at once, and those lie at two servers: use a Redis that is no Cluster';

export const spec = z.object({
  type: type.exactOptional().describe(
    'Worker type, the prefix of every Redis key; the name of the object when absent. Never changes.',
  ),
  source: source.exactOptional().describe(
    'Where the module comes from: exactly one of inline, configMap, url and release. Not for runtimes Hats and Modules; for Rhai what comes ahead of every script.',
  ),
  runtime: z
    .enum(['Handler', 'Script', 'Hats', 'Rhai', 'Modules'])
    .default('Handler')
    .describe(
      'Handler: the module exports a function, our runtime does the rest. Script: the module is a whole program that reads its own config hash. Hats: scripts in Redis, those of spec.hats among them. Rhai: tasks in a list bring their own scripts, and the module, if there is one, is Rhai that all of them can use. Modules: requests name a function of one of spec.modules, each of which is isolated.',
    ),
  consumers: consumers.describe('Which consumers there are: exactly one of count, ids and autoscale; one when absent.'),
  redis: redis.exactOptional().describe("The Redis of this worker; the operator's when absent."),
  stream: stream.exactOptional().describe('Keys, group and limits of the streams.'),
  handler: handler.exactOptional().describe('How requests are run, under the runtimes Handler and Modules.'),
  hats: hats.exactOptional().describe('Threads, jobs and endpoints, under the Hats runtime.'),
  modules: modules.exactOptional().describe('The modules that answer requests, under the Modules runtime.'),
  tasks: tasks.exactOptional().describe('The list of tasks, under the Rhai runtime.'),
  http: http.exactOptional().describe(
    'A Service in front of the pods, under the runtimes Hats and Modules; none when absent.',
  ),
  permissions: permissions.describe('What the code may do; mirrored into the NetworkPolicy.'),
  denoOptions: denoOptions.describe(
    'Further flags of deno run, of a list: --inspect on loopback, --seed, --location, --check, --trace-ops, --unstable-… and harmless --v8-flags.',
  ),
  secretRef: z.object({ name: objectName().describe('Name of the Secret, in the namespace of the worker.') })
    .exactOptional().describe('Secret whose data reaches the worker encrypted in its config hash.'),
  rollout: rollout.describe('How new code and settings reach the consumers, step by step.'),
  suspend: z.boolean().default(false).describe('true: finish what runs, then no pods; hashes and streams stay.'),
  deletionPolicy: z.enum(['Delete', 'Retain']).default('Delete').describe(
    'What happens to config hashes and the group when the worker is deleted; streams always stay.',
  ),
  telemetry: telemetry.exactOptional().describe(
    'Traces of requests, sent to an OpenTelemetry collector; none when absent.',
  ),
  networkPolicy: networkPolicy.describe("What is expected of the cluster's network."),
  pod: pod.describe('Settings of the pods.'),
});

interface Keyed extends Whole {
  readonly spec: Whole['spec'] & {
    readonly redis?: { readonly cluster?: string };
    readonly stream?: { readonly request?: string; readonly response?: string };
    readonly handler?: { readonly deadLetter?: string };
  };
}

/** The worker type as CEL, and here. */
const typeOf = {
  cel: '(has(self.spec.type) ? self.spec.type : self.metadata.name)',
  of: ({ metadata, spec: { type: given } }: Whole) => given ?? metadata.name,
};

const typeIsFree: Rule<Whole> = {
  rule: `!(${typeOf.cel} in ['req', 'res'])`,
  message:
    'the worker type must not be "req" or "res": keys that begin so are traces and replies; give another spec.type',
  field: ['spec', 'type'],
  holds: (worker) => !['req', 'res'].includes(typeOf.of(worker)),
};

/** Whether the worker names a Redis Cluster of its own. */
const inCluster = {
  cel: '(has(self.spec.redis) && has(self.spec.redis.cluster))',
  of: ({ spec: { redis: own } }: Keyed) => own?.cluster !== undefined,
};

/** What default keys begin with. */
const prefixOf = {
  cel: `(${inCluster.cel} ? '{' + ${typeOf.cel} + '}' : ${typeOf.cel})`,
  of: (worker: Keyed) => keyPrefix(typeOf.of(worker), { kind: inCluster.of(worker) ? 'Cluster' : 'Standalone' }),
};

/** A stream key as CEL: the one given, or the default, which follows from the type. */
function keyOf(part: string, field: string, defaultKey: (prefix: string) => string): string {
  const [before = '', after = ''] = defaultKey('\n').split('\n');
  return `(has(self.spec.${part}) && has(self.spec.${part}.${field}) ? self.spec.${part}.${field} : '${before}' + ${prefixOf.cel} + '${after}')`;
}

const streamKeys = [
  keyOf('stream', 'request', requestStreamKey),
  keyOf('stream', 'response', responseStreamKey),
  keyOf('handler', 'deadLetter', deadLetterStreamKey),
];

const streamsDiffer: Rule<Keyed> = {
  rule: [[0, 1], [0, 2], [1, 2]].map(([one = 0, other = 0]) => `${streamKeys[one]} != ${streamKeys[other]}`).join(
    ' && ',
  ),
  message:
    'stream.request, stream.response and handler.deadLetter must be three keys: a worker that writes into the stream it reads works for itself for ever; give each its own',
  field: ['spec', 'stream'],
  holds: (worker) => {
    const prefix = prefixOf.of(worker);
    const { stream: streams, handler: how } = worker.spec;
    return new Set([
      streams?.request ?? requestStreamKey(prefix),
      streams?.response ?? responseStreamKey(prefix),
      how?.deadLetter ?? deadLetterStreamKey(prefix),
    ]).size === 3;
  },
};

/** The tag of a key as the Cluster reads it: what is between its first brace and the next that closes. */
const tagPattern = '[{][^}]*[}]';

/** Why a stream cannot have the key it is given. */
export const streamsShareSlotMessage =
  'in a Redis Cluster stream.request, stream.response and handler.deadLetter must carry the worker type in braces, as {demo-worker}:in:x does, so that all keys of the worker lie together: add it';

const streamsShareSlot: Rule<Keyed> = {
  rule: `!${inCluster.cel} || ${
    streamKeys.map((key) => `${key}.find('${tagPattern}') == '{' + ${typeOf.cel} + '}'`).join(' && ')
  }`,
  message: streamsShareSlotMessage,
  field: ['spec', 'stream'],
  holds: (worker) => {
    const { stream: streams, handler: how } = worker.spec;
    return !inCluster.of(worker) ||
      [streams?.request, streams?.response, how?.deadLetter].every((key) =>
        key === undefined || isTagged(key, typeOf.of(worker))
      );
  },
};

/** Whether all keys that carry this type as their tag lie in one slot with `key`. */
export function isTagged(key: string, type: string): boolean {
  return new RegExp(tagPattern).exec(key)?.[0] === keyPrefix(type, { kind: 'Cluster' });
}

const hatsNeedsOneServer: Rule<Keyed & { readonly spec: { readonly runtime: string } }> = {
  rule: `self.spec.runtime != 'Hats' || !${inCluster.cel}`,
  message: hatsInCluster,
  field: ['spec', 'runtime'],
  holds: (worker) => worker.spec.runtime !== 'Hats' || !inCluster.of(worker),
};

const scriptNeedsOneServer: Rule<Keyed & { readonly spec: { readonly runtime: string } }> = {
  rule: `self.spec.runtime != 'Script' || !${inCluster.cel}`,
  message: scriptInCluster,
  field: ['spec', 'runtime'],
  holds: (worker) => worker.spec.runtime !== 'Script' || !inCluster.of(worker),
};

const tasksNeedOneServer: Rule<Runs & Keyed> = {
  rule: `self.spec.runtime != 'Rhai' || !${inCluster.cel}`,
  message: tasksInCluster,
  field: ['spec', 'runtime'],
  holds: (worker) => worker.spec.runtime !== 'Rhai' || !inCluster.of(worker),
};

interface Named {
  readonly spec: {
    readonly permissions: {
      readonly net: readonly string[];
      readonly outsideNames: string;
      readonly allowAllNet: string;
    };
    readonly networkPolicy: { readonly flavor: string };
  };
}

const wildcardPattern = '^[*][.][^.:]+[.][^:]';

/** Names below a domain cannot be listed, so addresses cannot stand for them; Cilium knows names by itself. */
const wildcardNeedsOpenPort: Rule<Named> = {
  rule: [
    "self.spec.permissions.outsideNames == 'OpenPort'",
    "self.spec.permissions.allowAllNet == 'Granted'",
    "self.spec.networkPolicy.flavor == 'Cilium'",
    `!self.spec.permissions.net.exists(entry, entry.matches(r'${wildcardPattern}'))`,
  ].join(' || '),
  message:
    'permissions.net has a wildcard, whose names cannot be resolved to addresses: list the hosts, or open its port to every public address with permissions.outsideNames: OpenPort',
  field: ['spec', 'permissions', 'net'],
  holds: ({ spec: { permissions: { net, outsideNames, allowAllNet }, networkPolicy: { flavor } } }) =>
    outsideNames === 'OpenPort' || allowAllNet === 'Granted' || flavor === 'Cilium' ||
    !net.some((entry) => new RegExp(wildcardPattern).test(entry)),
};

/** A rule on updates; there is no old object in a parse. */
export interface TransitionRule {
  /** CEL over `self` and `oldSelf`. */
  readonly rule: string;
  readonly message: string;
  readonly field: readonly string[];
  /** The same rule where no API server is, on objects that are right by themselves. */
  readonly holds: (value: Whole, old: Whole) => boolean;
}

export const typeNeverChanges: TransitionRule = {
  rule:
    '(has(self.spec.type) ? self.spec.type : self.metadata.name) == (has(oldSelf.spec.type) ? oldSelf.spec.type : oldSelf.metadata.name)',
  message:
    'spec.type never changes, because it names the streams in Redis: create another RedisWorker for the new type and delete this one',
  field: ['spec', 'type'],
  holds: (value, old) => (value.spec.type ?? value.metadata.name) === (old.spec.type ?? old.metadata.name),
};

const ownerReference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().exactOptional(),
  blockOwnerDeletion: z.boolean().exactOptional(),
});

/** The part of the metadata the operator looks at; the API server knows its rules itself. */
export const metadata = z.object({
  name: z.string().min(1).max(253).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
    message:
      'must be lower-case letters, digits, "-" and ".", with a letter or digit at both ends (a lowercase RFC 1123 subdomain)',
  }),
  namespace: z.string().exactOptional(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  generation: z.number().exactOptional(),
  creationTimestamp: z.string().exactOptional(),
  deletionTimestamp: z.string().exactOptional(),
  deletionGracePeriodSeconds: z.number().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
  ownerReferences: z.array(ownerReference).exactOptional(),
});

const outsideNamesOfCilium: Rule<Named> = {
  rule: "self.spec.networkPolicy.flavor != 'Cilium' || self.spec.permissions.outsideNames != 'OpenPort'",
  message:
    'permissions.outsideNames OpenPort is for flavor Kubernetes: a Cilium policy opens the names themselves, so use Resolve',
  field: ['spec', 'permissions', 'outsideNames'],
  holds: ({ spec: { networkPolicy: { flavor }, permissions: { outsideNames } } }) =>
    flavor !== 'Cilium' || outsideNames !== 'OpenPort',
};

export const redisWorker = withRules(
  z.object({ apiVersion: z.literal(apiVersion), kind: z.literal(kind), metadata, spec }),
  nameIsLabel,
  nameOrType,
  typeIsFree,
  streamsDiffer,
  streamsShareSlot,
  scriptNeedsOneServer,
  hatsNeedsOneServer,
  sourceFitsRuntime,
  hatsFitsRuntime,
  hatsHasNoStream,
  httpFitsRuntime,
  endpointsNeedHttp,
  nameOfService,
  modulesFitRuntime,
  nothingModulesCannotHave,
  tasksFitRuntime,
  noRequestsBesideTasks,
  preludeFileIsRhai,
  preludeIsText,
  nothingScriptsCannotHave,
  scriptsWriteTheirRecords,
  tasksNeedOneServer,
  wildcardNeedsOpenPort,
  outsideNamesOfCilium,
);
