/** What the spec says of a request stream and its group, resolved. Pure. */
import { resourceOf } from '../../../../contract/config-hash.ts';
import {
  deadLetterStreamKey,
  requestStreamKey,
  responseStreamKey,
  retryScheduleKey,
} from '../../../../contract/keys.ts';
import type { HandlerSettings } from '../../../../contract/pod.ts';
import type { RedisWorker } from '../../../api/redisworker.ts';
import { declaredIds } from '../../model/consumers.ts';
import type { WorkBlueprint, WorkSurroundings } from '../../model/work.ts';

/** A request stream and its group. */
export interface StreamBlueprint extends WorkBlueprint {
  readonly kind: 'stream';
  /** What every worker has by default is left out: pods of before need not make room for it. */
  readonly settings:
    & Omit<HandlerSettings, 'memoryMiB' | 'replies' | 'responses'>
    & Partial<Pick<HandlerSettings, 'replies' | 'responses'>>;
  readonly request: string;
  readonly group: string;
  /** Where a new group starts to read. */
  readonly startId: string;
  /** The schedule of requests that wait for their next attempt. */
  readonly retries: string;
  /** Whether what is finished is surely acknowledged, as our own runtime does. */
  readonly acknowledges: boolean;
  /** Who owns the group: `<namespace>/<name>/<uid>`. */
  readonly resource: string;
  /** Who is given what a lost group has left unfinished. */
  readonly firstConsumer: string;
}

/** Seconds a process keeps back for its last commit. */
const lastCommitSeconds = 2;

/** The stream of a worker. */
export function streamBlueprint(
  { metadata: { namespace = 'default', name, uid = '' }, spec }: RedisWorker,
  { prefix, graceSeconds }: WorkSurroundings,
): StreamBlueprint {
  const { consumers, handler, runtime, stream } = spec;
  const { group, requestLimit, replyExpireSeconds, responseLimit } = stream;
  const { request = requestStreamKey(prefix), response = responseStreamKey(prefix) } = stream;
  return {
    kind: 'stream',
    request,
    group,
    startId: stream.startId,
    retries: retryScheduleKey(prefix),
    acknowledges: runtime !== 'Script',
    resource: resourceOf(namespace, name, uid),
    firstConsumer: declaredIds(consumers)[0] ?? '1',
    responses: response,
    requestLimit,
    settings: {
      group,
      concurrency: handler.concurrency,
      timeoutSeconds: handler.timeoutSeconds,
      maxAttempts: handler.maxAttempts,
      maxDeliveries: handler.maxDeliveries,
      backoff: handler.backoff,
      deadLetterStream: handler.deadLetter ?? deadLetterStreamKey(prefix),
      traces: stream.traces === 'Enabled' ? 'On' : 'Off',
      ...(stream.replies === 'Enabled' ? {} : { replies: stream.replies }),
      ...(stream.responses === 'All' ? {} : { responses: stream.responses }),
      retention: stream.retention,
      graceSeconds: Math.max(graceSeconds - lastCommitSeconds, 1),
    },
    hash: {
      requestStream: request,
      responseStream: response,
      requestLimit,
      replyExpireSeconds,
      responseStreamLimit: responseLimit,
    },
  };
}
