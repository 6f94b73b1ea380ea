/** `status`: what the operator has seen. */
import { z } from 'zod';
import { maxConsumers } from '../../../contract/limits.ts';
import { maxModuleReason, moduleConditions } from '../../../contract/modules.ts';
import { largestCode } from '../../../contract/response.ts';
import { listMapOf, listOf, mapOf, whole } from '../bounded.ts';

const most = Number.MAX_SAFE_INTEGER;
const amount = () => whole(0, most);
const short = () => z.string().max(256);
/** A worker of anybody's may answer with any whole number; what is longer is read as no code at all. */
const replyCode = () => whole(0, largestCode);
const time = () => z.string().max(40).meta({ format: 'date-time' });

/** Types of condition, in the order `kubectl describe` should show them. */
export const conditionTypes = [
  'Ready',
  'Reconciling',
  'Stalled',
  'RedisReachable',
  'SourceResolved',
  'NetworkPolicyExact',
  'NetworkPolicyEnforced',
] as const;

/** One condition, in the form of every Kubernetes API. */
export const condition = z.object({
  type: z.enum(conditionTypes),
  status: z.enum(['True', 'False', 'Unknown']),
  observedGeneration: amount().exactOptional(),
  lastTransitionTime: time(),
  reason: z.string().min(1).max(1024).regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/),
  message: z.string().max(32_768),
});

/** One row per consumer. */
export const consumerStatus = z.object({
  id: z.string().max(253),
  pod: z.string().max(253).exactOptional().describe('Name of its pod; absent while there is none.'),
  state: z.enum(['Pending', 'Starting', 'Ready', 'Updating', 'Failing', 'Draining']).describe(
    'Pending has no pod that runs; Updating has one of an earlier spec; Failing is being started again; Draining is on its way out.',
  ),
  pending: amount().exactOptional().describe('Requests delivered to it and not acknowledged.'),
  total: amount().exactOptional().describe('Responses it gave, of those that were read.'),
  counted: amount().exactOptional().describe(
    'Of total, those it counted itself, because stream.responses keeps failures alone; lastCode and lastTime then tell the commonest of them, and when they were looked at.',
  ),
  failed: amount().exactOptional().describe('Those of them with a code outside 200 to 299.'),
  lastCode: replyCode().exactOptional(),
  lastTime: time().exactOptional(),
  p50Ms: amount().exactOptional().describe('Milliseconds half of its recent requests took at most.'),
  p99Ms: amount().exactOptional().describe('Milliseconds 99 of 100 of its recent requests took at most.'),
  restarts: amount().exactOptional(),
  reason: short().exactOptional().describe('Why it is not Ready, in one word.'),
});

const source = z.object({
  digest: z.string().max(80),
  bytes: amount(),
  time: time().exactOptional().describe('When it was resolved, where it came from elsewhere.'),
  entry: z.string().max(2048).exactOptional().describe('Address it started from, after redirects.'),
  commit: z.string().max(64).exactOptional().describe('Commit it was taken at, of a Git repository.'),
  modules: amount().exactOptional().describe('Modules it was made of.'),
  resolveRequestedAt: z.string().max(1024).exactOptional().describe(
    'The annotation redisworker.dev/resolve-requested-at that was met last.',
  ),
});

const network = z.object({
  hash: z.string().max(64).exactOptional().describe('Net hash of the worker.'),
  scope: listOf(short(), 600).exactOptional().describe('Canonical allow-net entries.'),
  scopeSummary: short().exactOptional().describe('The scope in one short text, for kubectl get.'),
  approximations: listOf(z.string().max(1024), 600).exactOptional().describe(
    'What the policy cannot say exactly, one sentence per entry.',
  ),
});

const stream = z.object({
  lag: amount().exactOptional().describe('Requests not yet delivered.'),
  pending: amount().exactOptional().describe('Requests delivered and not acknowledged.'),
  scheduled: amount().exactOptional().describe('Requests that wait for their next attempt.'),
  backlog: amount().exactOptional().describe(
    'Requests that are not finished: the sum of lag, pending and scheduled; for Script, which need not acknowledge, pending counts without those that a response tells to be finished. Absent when it is not known.',
  ),
  oldestPendingTime: time().exactOptional().describe('When the oldest of the pending requests was added.'),
  deadLetters: amount().exactOptional().describe(
    'Requests nobody could finish, which are kept in the dead-letter stream.',
  ),
  length: amount().exactOptional().describe('Entries of the request stream.'),
});

const scriptCounts = z.object({
  running: amount(),
  stopped: amount().describe(
    'Enabled, and not running at the moment: a job between two runs, or a thread nobody has yet.',
  ),
  disabled: amount(),
  crashed: amount(),
});

const endpointCounts = z.object({
  enabled: amount(),
  disabled: amount(),
  failing: amount().describe('Of those that are enabled, the ones that failed the last time they were asked.'),
});

const hats = z.object({
  threads: scriptCounts.describe('Threads of the cluster, whoever wrote them.'),
  jobs: scriptCounts.describe('Jobs of the cluster, whoever wrote them.'),
  endpoints: endpointCounts.exactOptional().describe('Endpoints of the cluster, whoever wrote them.'),
  crashed: listOf(
    z.object({ key: z.string().max(512), error: z.string().max(1024), time: short().exactOptional() }),
    32,
  ).describe('Scripts that failed, each with its error.'),
});

const http = z.object({
  url: z.string().max(512).exactOptional().describe('Where those that spec.http.from names call the worker.'),
});

const moduleStatus = z.object({
  name: z.string().max(63),
  state: z.enum(moduleConditions).describe(
    'Idle is started by the next call; Failing ended by itself in some consumer the last time it was called.',
  ),
  calls: amount().describe(
    'Calls that have ended, of requests and of other modules, since the processes of the consumers started.',
  ),
  errors: amount().describe('Those of them that rejected.'),
  restarts: amount().describe('Times it ended otherwise than for rest or for newer code.'),
  memoryMiB: amount().exactOptional().describe(
    'What it takes, as its processes or threads say; absent while none runs.',
  ),
  reason: z.string().max(maxModuleReason).exactOptional().describe('Why it ended, while it is Failing.'),
});

const responses = z.object({
  total: amount().exactOptional().describe(
    'Responses the stream was given, whether or not they could be read in time.',
  ),
  succeeded: amount().exactOptional(),
  failed: amount().exactOptional(),
  unreadable: amount().exactOptional().describe('Entries of the response stream that are no responses.'),
  codes: mapOf(amount(), 64).exactOptional().describe('Responses per code; rare codes are summed under "other".'),
  counted: mapOf(amount(), 128).exactOptional().describe(
    'Of codes, those that consumers counted themselves, because stream.responses keeps failures alone.',
  ),
  sampled: amount().exactOptional().describe(
    'Of total, those that came faster than they can be read: their codes are inferred from the others.',
  ),
  missed: amount().exactOptional().describe(
    'Of sampled, those that were gone from the stream when the operator came to read on after an interruption.',
  ),
  entriesAdded: amount().exactOptional().describe('Entries the stream had ever received up to lastId.'),
  lastId: z.string().max(41).exactOptional().describe('Id of the last entry counted.'),
  lastCode: replyCode().exactOptional(),
  lastTime: time().exactOptional(),
  perSecond: z.number().min(0).max(1e9).exactOptional(),
});

/** Why an autoscaled worker has the number of consumers it has. */
export const scaleReasons = ['Backlog', 'Idle', 'Minimum', 'Maximum', 'Suspended'] as const;

const autoscale = z.object({
  wanted: whole(0, maxConsumers).describe('Consumers the operator wants, of consumers.autoscale.'),
  reason: z.enum(scaleReasons).exactOptional().describe(
    'What the number followed from when it last changed: the backlog, nothing to do for idleSeconds, a bound of the spec, or suspend.',
  ),
  lastScaleTime: time().exactOptional().describe('When the number last changed.'),
});

/** What has to be remembered of a rollout: only a worker with a canary has it. */
const rollout = z.object({
  revision: short().describe('Digest of the code and settings this is about.'),
  previousRevision: short().exactOptional().describe(
    'What all consumers ran before; going back to it takes no canary.',
  ),
  canary: z.object({
    verdict: z.enum(['Running', 'Promoted', 'Failed']).describe(
      'Running while it is judged; Promoted: the other consumers follow; Failed: its consumers have gone back.',
    ),
    startTime: time(),
    readyTime: time().exactOptional().describe('When all of it were ready; responses are counted from then on.'),
    requests: amount().describe('Requests its consumers have answered.'),
    failed: amount().describe('Those of them that ended with a code outside 200 to 299.'),
    otherRequests: amount().describe('Requests the other consumers have answered meanwhile.'),
    otherFailed: amount(),
    from: z.object({ requests: amount(), failed: amount(), allRequests: amount(), allFailed: amount() }).exactOptional()
      .describe('What its consumers, and all together, had answered before.'),
    message: z.string().max(1024).exactOptional().describe('Why it has failed.'),
  }).exactOptional(),
});

/** Every field may be absent: an object nobody has looked at has nothing but observedGeneration -1. */
export const status = z.object({
  observedGeneration: whole(-1, most).exactOptional().describe(
    'Generation of the spec this status is about; -1 until the operator has seen it.',
  ),
  conditions: listMapOf(condition, ['type'], 16).exactOptional(),
  replicas: whole(0, 100_000).exactOptional().describe('Pods there are.'),
  readyReplicas: whole(0, 100_000).exactOptional().describe('Pods that are ready.'),
  selector: z.string().max(512).exactOptional().describe(
    'Label selector of the pods, for kubectl scale and autoscalers.',
  ),
  consumersReady: z.string().max(16).exactOptional().describe(
    'Ready and wanted consumers, such as "2/3", for kubectl get.',
  ),
  source: source.exactOptional().describe('The module the pods run; absent where it is several, or scripts.'),
  network: network.exactOptional(),
  autoscale: autoscale.exactOptional(),
  stream: stream.exactOptional(),
  hats: hats.exactOptional().describe('The scripts of the cluster, under the Hats runtime.'),
  http: http.exactOptional().describe('The Service in front of the pods, where spec.http asks for one.'),
  modules: listMapOf(moduleStatus, ['name'], 32).exactOptional().describe(
    'The modules, over all consumers, under the Modules runtime.',
  ),
  responses: responses.exactOptional(),
  rollout: rollout.exactOptional().describe('The canary of the last rollout.'),
  consumers: listMapOf(consumerStatus, ['id'], 100).exactOptional(),
  omittedConsumers: amount().exactOptional().describe('Consumers beyond the rows in consumers.'),
});
