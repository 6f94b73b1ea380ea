/** Carries out the actions of a plan that concern a request stream and its group. */
import { TerminalError, TransientError } from '../../../errors.ts';
import type { RedisLink } from '../../../redis/link.ts';
import { deleteConsumer, destroyGroup, ensureGroup, handOver } from '../../../redis/streams.ts';
import type { WorkAction } from '../../model/action.ts';
import type { Blueprint, StreamBlueprint } from '../../model/blueprint.ts';
import { notAStream } from '../../model/problem.ts';

/** One write. @throws RedisFault, TerminalError, TransientError */
export async function writeStream(
  link: RedisLink,
  { stream }: Blueprint,
  action: WorkAction,
  isRepair: boolean,
): Promise<void> {
  switch (action.do) {
    case 'ensureGroup':
      return createGroup(link, stream, isRepair);
    case 'handOver':
      return handOverAll(link, stream, action.from, action.to);
    case 'deleteConsumer':
      await deleteConsumer(link, stream.request, stream.group, action.consumerId);
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
