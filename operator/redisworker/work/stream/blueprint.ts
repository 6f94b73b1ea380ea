/** What the spec says of a request stream and its group, resolved. Pure. */
import type { HandlerSettings } from '../../../../contract/pod.ts';
import type { RedisWorker } from '../../../api/redisworker.ts';
import type { WorkBlueprint } from '../../model/work.ts';

/** A request stream and its group. */
export interface StreamBlueprint extends WorkBlueprint {
  readonly kind: 'stream';
  readonly settings: HandlerSettings;
  readonly request: string;
  readonly group: string;
  /** Where a new group starts to read. */
  readonly startId: string;
}

/** Seconds a process keeps back for its last commit. */
const lastCommitSeconds = 2;

/** The stream of a worker. @param graceSeconds what a process has to end in */
export function streamBlueprint(
  { spec: { handler, stream } }: RedisWorker,
  graceSeconds: number,
): StreamBlueprint {
  const { request, response, group, requestLimit, replyExpireSeconds, responseLimit } = stream;
  return {
    kind: 'stream',
    request,
    group,
    startId: stream.startId,
    responses: response,
    requestLimit,
    settings: {
      group,
      concurrency: handler.concurrency,
      timeoutSeconds: handler.timeoutSeconds,
      maxAttempts: handler.maxAttempts,
      maxDeliveries: handler.maxDeliveries,
      backoff: handler.backoff,
      deadLetterStream: handler.deadLetter,
      traces: stream.traces === 'Enabled' ? 'On' : 'Off',
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
