/** docs/conditions.md: every condition and every reason, each of them a word of the operator's own. */
import type { ConditionType } from '../../operator/api/redisworker.ts';
import type { Reason, rowReasons } from '../../operator/redisworker/model/reasons.ts';
import { generated, table } from './table.ts';

/** Reasons that belong together. */
interface Section {
  readonly heading: string;
  /** Paragraphs above the table. */
  readonly before?: readonly string[];
  /** Second column of the table. */
  readonly head?: string;
  readonly rows?: readonly (readonly [reasons: readonly Reason[], text: string])[];
  /** Paragraphs below it. */
  readonly after?: readonly string[];
}

const types: readonly (readonly [type: ConditionType, whenTrue: string, whenFalse: string])[] = [
  [
    'Ready',
    'every wanted consumer works and runs what this generation asks for, or the worker is suspended',
    'see the reason',
  ],
  [
    'Reconciling',
    'the operator is at work or waits for something; beside `Ready` when consumers leave or something is repaired',
    'never False: absent',
  ],
  [
    'Stalled',
    'the spec has to change before anything goes on, or consumers have not become ready in the time they have',
    'never False: absent',
  ],
  ['RedisReachable', "the worker's Redis answers", 'see the reason'],
  ['SourceResolved', 'the module is at hand', 'see the reason'],
  [
    'NetworkPolicyExact',
    'the policy opens exactly the scope',
    'the policy opens something in another way than the scope says it, or not at all; the message lists it',
  ],
  [
    'NetworkPolicyEnforced',
    "every running pod was refused by the operator's canary before its code ran",
    'policies have no effect here, or not in time',
  ],
];

const rowWords: Readonly<Record<(typeof rowReasons)[number], string>> = {
  NoPod: 'there is no pod yet',
  NotReady: 'the pod starts',
  Unhealthy: 'it was ready, and its probe fails now',
  NodeNotReady: 'its node does not answer',
  Outdated: 'it runs what was asked for before',
  Terminating: 'it is being stopped, or replaced',
  NotWanted: 'the consumer is on its way out',
};

const sections: readonly Section[] = [
  {
    heading: 'Ready and Reconciling',
    head: 'what it says',
    rows: [
      [['ConsumersReady'], 'all wanted consumers are ready, or none is wanted'],
      [
        ['ScaledToZero'],
        'nothing is to be done under `consumers.autoscale`, and no consumer runs until a request comes',
      ],
      [['Suspended'], '`spec.suspend` is true and no consumer runs'],
      [['Draining'], 'consumers finish their work before the worker is suspended'],
      [['ConsumersStarting'], 'consumers are not ready yet, or run and are not any more'],
      [['ConsumersUpdating'], 'consumers still run code or settings of an earlier generation'],
      [['CanaryRunning'], 'new code is tried by the canary, and its requests are counted; the others keep what worked'],
      [
        ['CanaryFailed'],
        'of `Stalled` too: requests of the canary failed more often than those of the others, or it did not come up, and it has gone back to what they run. The message has the numbers. [Correct the spec, or apply the one before](rollouts.md#a-canary)',
      ],
      [
        ['ConsumersFailing'],
        'a consumer is started again and again, or gets no pod; the message has the sentence that says why',
      ],
      [
        ['InvalidSource'],
        'of `Stalled`: the module does not parse, its types are wrong where `source.typeCheck` asks for them, or its default export is no function; the message has the line. It goes as soon as the module is another',
      ],
      [
        ['ProgressDeadlineExceeded'],
        'of `Stalled`: new code or settings are not ready ten minutes after a consumer got them (`progressDeadlineSeconds` of its Deployment). It is tried on, and the condition goes when they are',
      ],
      [['Applying'], 'ready, and changes are being written'],
      [
        ['Waiting'],
        'something still has to go away: consumers that are no longer wanted, or what a deleted worker of the same name has left',
      ],
      [['Deleting'], 'the worker is being deleted'],
      [['HandingOver'], 'what a leaving consumer has not finished goes to another one, part by part'],
      [['InternalError'], 'a bug of the operator: please report it'],
    ],
    after: [
      'New code or settings reach as many consumers at once as `spec.rollout.maxUnavailable` allows, and the next ones as those are ready with them ([how](rollouts.md)); until then the others are `Updating` and keep what worked. Anything that takes a permission away, another Redis, and `spec.suspend` reach all at once; so does every change of a worker none of whose consumers works.',
      'Any reason below can stand in `Ready` too, when it is what keeps the worker from running.',
    ],
  },
  {
    heading: 'One consumer',
    before: [
      'What is wrong with a pod stands in the row of its consumer in `status.consumers` as one word, and as a sentence in the message of its condition. Of a process that has ended the sentence is its own: the error, and for a module that does not parse the line. The word is that of its node or of the scheduler (CrashLoopBackOff, OOMKilled, ErrImagePull, ImagePullBackOff, CreateContainerConfigError, Unschedulable, Evicted, PreemptionByScheduler, DeletionByTaintManager …), or one of these.',
      table(
        ['word', 'what it says'],
        Object.entries(rowWords).map(([word, text]) => [`\`${word}\``, text]),
      ),
    ],
  },
  {
    heading: 'Stalled',
    head: 'what to do',
    rows: [
      [['InvalidSpec'], 'correct the fields the message names'],
      [['NotSupported'], 'use what the message names instead: this operator does not carry the field out'],
      [
        ['FieldDenied'],
        'remove the field of `spec.pod` the message names: the operator was started with `--deny-pod-field` for it',
      ],
      [
        ['SourceIsLocal'],
        '`source.file` names a file that only `redisworker up` can read: apply what `redisworker build` makes of the manifest',
      ],
      [['InvalidAllowNet'], 'correct the entry of `permissions.net`'],
      [
        ['NameRefused'],
        '`permissions.outsideNames` is `Refuse` and an entry is a name outside the cluster: name a Service or an address, or choose another mode',
      ],
      [
        ['TypeConflict'],
        'choose another `spec.type`: an older worker has it, or of two made in the same second the one that ran first',
      ],
      [
        ['GroupConflict'],
        'choose another `stream.request` or `stream.group`: an older worker, or one that Redis says was there first, takes the same requests by the same group',
      ],
      [
        ['KeyRefused'],
        "name streams, or keys and patterns in `redis.keys`, that are no other namespace's: keys that begin with a worker type are its worker's, any other key is of the older worker that names it",
      ],
      [
        ['HashConflict'],
        'the config hash belongs to somebody else: delete that worker, or the hash if it is left over',
      ],
      [['NameConflict'], 'an object of this name belongs to somebody else: rename one'],
      [['WrongRedisType'], 'a key is of another type: delete it or choose another'],
      [
        ['RedisHostRefused'],
        "name another host in `spec.redis.url`, or remove `spec.redis` when it leads to the operator's own Redis: the message says why this one, or this member of a set or Cluster, is not dialled ([which are](private-redis.md#which-hosts))",
      ],
      [
        ['SecretRefused'],
        "name a Secret of your own: the one named is of a type made for something else, such as a service account's token, or this operator keeps it for a worker ([which are taken](private-redis.md#secrets))",
      ],
      [
        ['ImportRefused'],
        'name the host in `source.importHosts`, or import from a host that is there; a file of the machine, and what can only be found when the code runs, cannot be imported at all',
      ],
      [
        ['IntegrityMismatch', 'LockMismatch'],
        'find out why the code, or what it imports, is another than `source.integrity` or `source.lock` says; then renew these',
      ],
      [['SecretTooLarge', 'SecretNotText'], 'correct the Secret'],
      [['InvalidRedisUrl'], 'correct `spec.redis.url`'],
      [
        ['EnforcementUnverifiable'],
        '`networkPolicy.enforcement` is Required and nobody can tell whether it holds: do what the message says, or use BestEffort',
      ],
      [
        ['NoRedis'],
        'give `spec.redis.url`: the operator has no Redis of its own, or one that gives this worker no login of its own; then the message says why, and what its admin can do ([redis.md](redis.md#who-logs-in-as-whom))',
      ],
    ],
  },
  {
    heading: 'Waiting for something outside the spec',
    head: 'what is missing',
    rows: [
      [['ConfigMapNotFound', 'ConfigMapKeyNotFound'], 'the ConfigMap with the module, or its key'],
      [['ConfigMapKeyNotText'], 'the module as text, below `data` of the ConfigMap instead of `binaryData`'],
      [['SourceEmpty', 'SourceTooLarge'], 'a module in the ConfigMap that is not empty, and not too large'],
      [
        ['SourceDigestMismatch'],
        'the code that `source.bundle.digest` names: what the ConfigMap holds is another, so apply both as they were made',
      ],
      [
        ['SourcePartMissing'],
        'the ConfigMap that holds the named part of a large bundle, or the order of `source.bundle.configMaps`: apply all as they were made',
      ],
      [
        ['SourceResolving'],
        'the code that `source.url`, `source.release` or `source.git` names: it is being fetched, bundled and checked. What runs goes on',
      ],
      [
        ['SourceUnreachable', 'SourceNotFound', 'SourceUnauthorized'],
        'an answer of the host of the code, or of one it imports from: the message names the address. It is asked again, after 5 seconds at first and every five minutes at last; what runs goes on ([code from elsewhere](code-from-urls.md#when-a-host-does-not-answer))',
      ],
      [
        ['ResolverFailed'],
        'what resolves code: it did not start, cannot get the bundler, took more memory than it may, or what it found is not taken by the registry that keeps bundles. It is tried again; what runs goes on',
      ],
      [
        ['SourceNotBuilt'],
        'a module that can be bundled, with types that fit: the message has its file and line. Where there is a last good code, that runs: `Ready` speaks of it, and `SourceResolved` alone says this',
      ],
      [['SecretNotFound', 'SecretKeyNotFound'], 'a Secret, or its key'],
      [
        ['SecretRefused'],
        "the label by which its owner lets workers read a Secret (the operator's `--secret-consent-label`); the message is the command that gives it",
      ],
      [
        ['InvalidCertificate'],
        'a certificate or key of `spec.redis.tls` that can be read and fits: the message names the Secret and its key',
      ],
      [
        ['RedisOnLoopback'],
        'a Redis that pods reach: the URL leads to `localhost` or a loopback address, which in a pod is the pod itself. Final (`Stalled`) when `spec.redis.url` says so',
      ],
      [['RedisNotOpened'], "a way for the policy to open the worker's Redis, such as its Service"],
      [
        ['CiliumNotInstalled'],
        'Cilium, or `networkPolicy.flavor: Kubernetes`: the cluster does not serve CiliumNetworkPolicies',
      ],
      [['Forbidden'], 'a permission of the operator; the message names the verb'],
    ],
  },
  {
    heading: 'What the cluster refused',
    before: [
      "The next try follows by itself. `Unauthorized`, `Invalid`, `BadRequest`, `NotFound`, `AlreadyExists`, `TooManyRequests`, `RequestEntityTooLarge`, `ServiceUnavailable`, `ServerTimeout` and `Timeout` are the API server's own reasons; `Unreachable` means that it did not answer, `NotServed` that it does not know a kind. `ClusterError` is any other refusal, of a webhook for one: the message has its words.",
    ],
  },
  {
    heading: 'RedisReachable',
    before: [
      '`Answered`, or the class of the fault: `RedisUnreachable`, `RedisAuthFailed`, `RedisTLSFailed`, `RedisNoPermission`, `RedisWrongType`, `RedisReadOnly`, `RedisOutOfMemory`, `RedisLoading`, `RedisError`. `RedisMasterUnknown`: the Sentinels know no set of this name, or lead to no server that is its master. `RedisHostRefused`: its name has come to lead where the operator does not dial. Running pods are left as they are. Of a server that `spec.redis` names, messages tell the class of the fault and the command that was refused, and repeat nothing it has sent.',
      'What a Redis that answers is lacking, such as a copy on disk, is told by Warning events, once for each Redis and namespace: their reasons are [the findings of the doctor](redis.md#what-a-redis-should-be).',
    ],
  },
  {
    heading: 'SourceResolved, NetworkPolicyExact, NetworkPolicyEnforced',
    head: 'what it says',
    rows: [
      [['Resolved'], "the module's size and digest are in the message, or how many scripts or modules there are"],
      [
        ['Exact'],
        'the policy opens exactly the scope; with `pod.labels` the message says that others may select the pods by them',
      ],
      [['AllGranted'], '`permissions.allowAllNet` is Granted: nothing is closed'],
      [
        ['NameResolved'],
        'names outside the cluster are opened by the addresses they resolve to, and nothing else is inexact',
      ],
      [
        ['PortOpened'],
        'names outside are opened by their port to every public address (`permissions.outsideNames: OpenPort`), and nothing else is inexact',
      ],
      [['WildcardOpened'], 'wildcards are opened that way, and nothing else is inexact'],
      [
        ['Approximated'],
        'the message lists each entry with what keeps it from being said exactly: not opened, or of several kinds',
      ],
      [['NotEnforcedHere'], 'local mode has no pod network; Deno enforces the scope'],
      [
        ['Refused'],
        'every running pod was refused by the canary before its code ran; with `pod.image` the message says that this is the word of that image',
      ],
      [
        ['NotEnforced'],
        'the consumers in the message reached the canary for ten seconds; under BestEffort their code runs, under Required it does not (exit code 6)',
      ],
      [['NotVerified'], 'no pod has told yet, or the canary could not be dialled (exit code 7 under Required)'],
      [['CanaryNotConfigured'], 'the operator has no `--canary-address`'],
      [['CanaryInScope'], 'the scope may open the canary, so it says nothing about this worker'],
      [['CanaryDenied'], '`permissions.denyNet` may cover the canary, so Deno does not dial it'],
      [
        ['CanaryUnreachable'],
        'pods are refused, and so is the operator itself: see whether `--canary-address` leads to it',
      ],
    ],
    after: [
      'Deno enforces the scope in every case. A Warning `NetworkPolicyNotEnforced` and an event `NetworkPolicyEnforced` mark the changes.',
    ],
  },
];

/** The page. */
export function conditionsPage(): string {
  return [
    generated,
    '# Conditions and their reasons',
    'Reasons are an API: tools may match them, so they keep their meaning. Messages are for people and may change.',
    '`Ready` and the four about parts are always there once the operator has seen a worker whose spec can be read. `Reconciling` and `Stalled` are there only while they hold, and never together.',
    table(['type', 'True means', 'False means'], types.map(([type, ...means]) => [`\`${type}\``, ...means])),
    ...sections.flatMap(paragraphs),
  ].join('\n\n');
}

function paragraphs({ heading, before = [], head = '', rows = [], after = [] }: Section): string[] {
  const listed = rows.map(([reasons, text]) => [reasons.map((reason) => `\`${reason}\``).join(', '), text]);
  return [`## ${heading}`, ...before, ...(rows.length > 0 ? [table(['reason', head], listed)] : []), ...after];
}
