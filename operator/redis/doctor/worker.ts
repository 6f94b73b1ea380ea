/** Looks at what one worker has in its Redis. */
import { type FoundHash, readConfigHashes } from '../config-hashes.ts';
import { RedisFault } from '../fault.ts';
import type { RedisLink } from '../link.ts';
import { observeStream, type StreamView } from '../observe-stream.ts';
import { number, text } from '../replies.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import type { WorkerKeys } from './rights.ts';
import type { TaskQueueKeys } from '../task-queues.ts';
import { type ExaminedScripts, examineScripts } from './scripts.ts';
import { examineTasks } from './task-list.ts';

/** A worker as its manifest has it. */
export interface ExaminedWorker {
  /** How the field `resource` of its hashes begins: `<namespace>/<name>/`. */
  readonly owner: string;
  /** Those of a worker on a request stream; the config hash is that of one of its consumers. */
  readonly keys?: WorkerKeys;
  /** Those of a worker on a list of tasks. */
  readonly tasks?: TaskQueueKeys;
  /** Those of a worker of a HATS cluster. */
  readonly scripts?: ExaminedScripts;
  /** Config hashes of all consumers that are named. */
  readonly hashes: readonly string[];
}

/** One on a request stream. */
type OnStream = ExaminedWorker & Required<Pick<ExaminedWorker, 'keys'>>;

/** What was found under its keys. */
export interface SeenWorker {
  /** Type of each key that has one. */
  readonly types: ReadonlyMap<string, string>;
  readonly stream: StreamView;
  readonly scheduled: number;
  readonly hashes: ReadonlyMap<string, FoundHash>;
}

/** Findings about one worker; the rest of sentences that begin with it. Nothing is written. */
export async function examineWorker(link: RedisLink, worker: ExaminedWorker): Promise<Finding[]> {
  try {
    const { keys, tasks, scripts, hashes, owner } = worker;
    if (keys === undefined) {
      const ofTasks = tasks === undefined ? [] : await examineTasks(link, tasks, owner);
      const ofScripts = scripts === undefined ? [] : await examineScripts(link, scripts, owner);
      return [...ofTasks, ...ofScripts, hashFinding(worker, { hashes: await readConfigHashes(link, hashes) })];
    }
    return judgeWorker({ ...worker, keys }, await lookAt(link, { keys, hashes }));
  } catch (error) {
    if (!(error instanceof RedisFault)) throw error;
    return [warning('WorkerKeys', `cannot be looked at: ${error.message.replace(/\.$/, '')}`)];
  }
}

async function lookAt(link: RedisLink, { keys, hashes }: Pick<OnStream, 'keys' | 'hashes'>): Promise<SeenWorker> {
  const named = [...expectedTypes(keys).keys()];
  const replies = await link.pipeline([...named.map((key) => ['TYPE', key] as const), ['ZCARD', keys.retries]]);
  const found = named.flatMap((key, at) => {
    const type = text(replies[at]);
    return type === '' || type === 'none' ? [] : [[key, type] as const];
  });
  return {
    types: new Map(found),
    stream: await observeStream(link, keys.request, keys.group),
    scheduled: number(replies.at(-1)) ?? 0,
    hashes: await readConfigHashes(link, hashes),
  };
}

function expectedTypes(
  { request, responses, deadLetters, retries, record }: WorkerKeys,
): ReadonlyMap<string, readonly [type: string, field: string]> {
  return new Map([
    [request, ['stream', 'spec.stream.request']],
    [responses, ['stream', 'spec.stream.response']],
    [deadLetters, ['stream', 'spec.handler.deadLetter']],
    [retries, ['zset', 'spec.type']],
    [record, ['hash', 'spec.stream.group']],
  ]);
}

/** What it means. Pure. */
export function judgeWorker(worker: OnStream, seen: SeenWorker): Finding[] {
  return [...keyFindings(worker, seen), groupFinding(worker, seen), backlogFinding(seen), hashFinding(worker, seen)];
}

function keyFindings({ keys }: OnStream, { types }: SeenWorker): Finding[] {
  const wrong = [...expectedTypes(keys)].flatMap(([key, [type, field]]) => {
    const found = types.get(key);
    return found === undefined || found === type ? [] : [
      problem(
        'WorkerKeys',
        `needs a ${type} under "${key}", where a ${found} is: delete or rename that, or choose another ${field}`,
      ),
    ];
  });
  return wrong.length > 0 ? wrong : [ok('WorkerKeys', 'finds nothing in the way of its keys')];
}

function groupFinding({ keys: { request, group } }: OnStream, { stream }: SeenWorker): Finding {
  if (!stream.group) return ok('WorkerGroup', `has no group "${group}" on ${request} yet, which the operator makes`);
  const { length } = stream.consumers;
  return ok(
    'WorkerGroup',
    `has its group "${group}" on ${request}, with ${length} ${length === 1 ? 'consumer' : 'consumers'}`,
  );
}

function backlogFinding({ stream: { group, length, lag, pending, consumers }, scheduled }: SeenWorker): Finding {
  const undelivered = group ? (lag ?? 0) : length;
  const backlog = undelivered + pending + scheduled;
  const parts = `${undelivered} not delivered, ${pending} with a consumer, ${scheduled} waiting for the next attempt`;
  return backlog > 0 && consumers.length === 0
    ? warning('WorkerBacklog', `has requests that nobody takes (${parts}): start its consumers`)
    : ok('WorkerBacklog', backlog === 0 ? 'has no backlog' : `has a backlog of ${backlog}: ${parts}`);
}

function hashFinding({ owner }: ExaminedWorker, { hashes }: Pick<SeenWorker, 'hashes'>): Finding {
  const others = [...hashes].flatMap(([key, hash]) => {
    if (typeof hash === 'string') return hash === 'wrongType' ? [`"${key}" is no hash`] : [];
    const resource = hash['resource'] ?? '';
    return resource === '' || resource.startsWith(owner) ? [] : [`"${key}" belongs to ${resource}`];
  });
  const [first] = others;
  if (first === undefined) return ok('WorkerHashes', 'has its config hashes to itself, or none yet');
  const more = others.length > 1 ? `, and ${others.length - 1} more` : '';
  return problem(
    'WorkerHashes',
    `cannot have all of its config hashes: ${first}${more}; delete what is left over, or that worker`,
  );
}
