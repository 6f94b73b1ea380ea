/** Carries out the steps of a plan that concern a request stream and its group. */
import { TerminalError, TransientError } from '../../../errors.ts';
import type { RedisLink } from '../../../redis/link.ts';
import { type Group, leaveGroup, makeGroup } from '../../../redis/groups.ts';
import { deleteConsumer, handOver } from '../../../redis/streams.ts';
import { notAStream } from '../../model/problem.ts';
import type { StreamBlueprint } from './blueprint.ts';
import type { StreamStep } from './steps.ts';
import { notARecord } from './view.ts';

/** One write. @param isRepair the worker has run before @throws RedisFault, TerminalError, TransientError */
export async function writeStream(
  link: RedisLink,
  stream: StreamBlueprint,
  step: StreamStep,
  isRepair: boolean,
): Promise<void> {
  switch (step.step) {
    case 'ensureGroup':
    case 'claimGroup':
      return createGroup(link, stream, isRepair);
    case 'handOver':
      return handOverAll(link, stream, step.from, step.to);
    case 'deleteConsumer':
      return deleteIdle(link, stream, step.consumerId);
    case 'leaveGroup':
      await leaveGroup(link, groupOf(stream), step.manner);
  }
}

/** A new group starts where the spec says; a lost one of which nothing is known starts over, or requests were skipped. */
async function createGroup(link: RedisLink, stream: StreamBlueprint, isRepair: boolean): Promise<void> {
  const outcome = await makeGroup(link, groupOf(stream), {
    startId: isRepair ? '0' : stream.startId,
    consumer: stream.firstConsumer,
  });
  if (typeof outcome === 'string') return;
  const { wrongType: key } = outcome;
  const sentence = key === stream.request ? notAStream(key, 'spec.stream.request') : notARecord(key);
  throw new TerminalError('WrongRedisType', sentence);
}

function groupOf({ request, group, responses, resource }: StreamBlueprint): Group {
  return { stream: request, group, responses, resource };
}

/** What it was given since it was looked at is handed over first: deleted with it, it would be lost. */
async function deleteIdle(link: RedisLink, { request, group }: StreamBlueprint, consumerId: string): Promise<void> {
  const outcome = await deleteConsumer(link, request, group, consumerId);
  if (typeof outcome === 'string') return;
  throw new TransientError(
    'HandingOver',
    `consumer "${consumerId}" was given ${outcome.pending} entries on its way out`,
  );
}

async function handOverAll(
  link: RedisLink,
  { request, group }: StreamBlueprint,
  from: string,
  to: string,
): Promise<void> {
  const { remaining } = await handOver(link, request, group, from, to);
  if (remaining > 0) {
    throw new TransientError('HandingOver', `${remaining} entries of consumer "${from}" are still to be handed over`);
  }
}
