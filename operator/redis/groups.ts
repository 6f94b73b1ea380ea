/** Consumer groups and their records: made and given up in one atomic step each; see contract/group.ts. */
import { leaveGroupLua, makeGroupLua } from '../../contract/group.ts';
import { groupRecordKey } from '../../contract/keys.ts';
import type { RedisLink } from './link.ts';
import { strings } from './replies.ts';
import { script } from './script.ts';

/** A group, and the manifest that asks for it. */
export interface Group {
  /** Key of the request stream. */
  readonly stream: string;
  readonly group: string;
  /** Key of the response stream, which tells what is answered. */
  readonly responses: string;
  /** `<namespace>/<name>/<uid>` of the manifest. */
  readonly resource: string;
}

const makeScript = script(makeGroupLua);
const leaveScript = script(leaveGroupLua);

/**
 * Makes the group, and the stream when there is none, so that nothing runs again that was acknowledged. A group without
 * an owner, or whose owner had our name before, is ours from then on.
 * @param start where a group begins of which nothing is known, and the consumer that is given what a lost one has left
 * @returns the key in the way, when it is of another type
 * @throws RedisFault
 */
export async function makeGroup(
  redis: RedisLink,
  { stream, group, responses, resource }: Group,
  start: { readonly startId: string; readonly consumer: string },
): Promise<'created' | 'exists' | { readonly wrongType: string }> {
  const keys = [stream, groupRecordKey(stream, group), responses];
  const reply = await redis.script(makeScript, keys, [group, resource, start.startId, start.consumer]);
  const [word, key = ''] = strings(reply);
  if (word === 'wrongType') return { wrongType: key };
  return word === 'created' ? 'created' : 'exists';
}

/**
 * Gives the group up. With `destroy` it is taken down when it is ours and nothing and nobody is left in it; where it
 * stays, the next worker may take it over.
 * @throws RedisFault
 */
export async function leaveGroup(
  redis: RedisLink,
  { stream, group, resource }: Omit<Group, 'responses'>,
  manner: 'destroy' | 'keep',
): Promise<'destroyed' | 'kept' | 'absent' | 'foreign'> {
  const keys = [stream, groupRecordKey(stream, group)];
  const [word] = strings(await redis.script(leaveScript, keys, [group, resource, manner]));
  return (['destroyed', 'kept', 'absent'] as const).find((one) => one === word) ?? 'foreign';
}
