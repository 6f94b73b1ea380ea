/** Carries out the steps of a plan that concern a request stream and its group. */
import { TerminalError, TransientError } from '../../../errors.ts';
import type { RedisLink } from '../../../redis/link.ts';
import { deleteConsumer, destroyGroup, ensureGroup, handOver } from '../../../redis/streams.ts';
import { notAStream } from '../../model/problem.ts';
import type { StreamBlueprint } from './blueprint.ts';
import type { StreamStep } from './steps.ts';

/** One write. @param isRepair the worker has run before @throws RedisFault, TerminalError, TransientError */
export async function writeStream(
  link: RedisLink,
  stream: StreamBlueprint,
  step: StreamStep,
  isRepair: boolean,
): Promise<void> {
  switch (step.step) {
    case 'ensureGroup':
      return createGroup(link, stream, isRepair);
    case 'handOver':
      return handOverAll(link, stream, step.from, step.to);
    case 'deleteConsumer':
      await deleteConsumer(link, stream.request, stream.group, step.consumerId);
      return;
    case 'destroyGroup':
      await destroyGroup(link, stream.request, stream.group);
  }
}

/** A new group starts where the spec says; one that was lost starts over, or requests added meanwhile would be skipped. */
async function createGroup(
  link: RedisLink,
  { request, group, startId }: StreamBlueprint,
  isRepair: boolean,
): Promise<void> {
  const outcome = await ensureGroup(link, request, group, isRepair ? '0' : startId);
  if (outcome === 'wrongType') throw new TerminalError('WrongRedisType', notAStream(request));
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
