/** Requests in a stream, shared out by a consumer group. */
import { groupRecordKey } from '../../../../contract/keys.ts';
import { observeBeside } from '../../../redis/beside-stream.ts';
import { operatorNeeds, workerNeeds } from '../../../redis/doctor/rights.ts';
import { observeStream } from '../../../redis/observe-stream.ts';
import type { KindOfWork } from '../../model/work.ts';
import { countUnanswered } from '../../../redis/unanswered.ts';
import { streamAccess } from './access.ts';
import { type StreamBlueprint, streamBlueprint } from './blueprint.ts';
import type { StreamStep } from './steps.ts';
import { streamView } from './view.ts';
import { writeStream } from './writes.ts';

/** The kind of work of the runtimes Handler and Script. */
export const streamWork: KindOfWork<StreamBlueprint, StreamStep> = {
  blueprint: streamBlueprint,
  access: streamAccess,
  needs: ({ request, group, responses, retries, acknowledges, settings }, hash) => {
    const [deadLetters, record] = [settings.deadLetterStream, groupRecordKey(request, group)];
    const keys = { hash, request, group, responses, retries, deadLetters, record };
    return [...operatorNeeds(keys), ...workerNeeds(keys, acknowledges ? 'Handler' : 'Script')];
  },
  keys: ({ request, group, retries, settings: { deadLetterStream, responses = 'All' } }) => {
    const record = groupRecordKey(request, group);
    const busyKeys = [request, retries, deadLetterStream];
    // Where answers are counted in it, the record changes with the work.
    return responses === 'All' ? { keys: [record], busyKeys } : { keys: [], busyKeys: [...busyKeys, record] };
  },
  observe: async (link, stream) => {
    const { request, group, responses, retries, settings: { deadLetterStream: deadLetters } } = stream;
    const [view, beside] = await Promise.all([
      observeStream(link, request, group),
      observeBeside(link, { request, group, responses, retries, deadLetters }),
    ]);
    // A program of the user's own need not acknowledge.
    const unfinished = stream.acknowledges ? view.pending : await countUnanswered(link, stream, view.pending);
    return streamView({ ...view, unfinished }, beside, stream);
  },
  write: writeStream,
};
