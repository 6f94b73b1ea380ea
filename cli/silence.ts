/** Why no reply came: what the request stream shows once the time is up. */
import { type GroupState, observeGroups } from '../operator/redis/requests/groups.ts';
import { program } from './program.ts';
import { takeBack } from './take-back.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';

/** The request stream as it stands after the wait. */
export interface Silence {
  readonly groups: readonly GroupState[];
  /** The request was removed again, since nobody would have taken it. */
  readonly takenBack: boolean;
}

/** Reads the groups of `stream`, and whether they were given the entry `id`; takes that back when nobody serves them. */
export async function observeSilence(redis: RedisClient, stream: string, id: string): Promise<Silence> {
  const groups = await observeGroups(redis, stream, id);
  return { groups, takenBack: await takeBack(redis, stream, id) };
}

/** A request that got no reply. */
export interface Unanswered {
  readonly type: string;
  readonly stream: string;
  readonly id: string;
  /** How long it was waited for; absent: until Ctrl-C. */
  readonly timeoutSeconds?: number;
}

/** What is known, what to look at, and what becomes of the request. */
export function explainSilence({ groups, takenBack }: Silence, request: Unanswered): string {
  const { type, stream, id, timeoutSeconds } = request;
  const late = timeoutSeconds === undefined
    ? `interrupted before "${type}" replied`
    : `no reply from "${type}" within ${timeoutSeconds} s`;
  const gone = takenBack ? '. The request was taken back: it will not run' : '';
  const holder = groups.find((group) => group.heldBy !== undefined);
  if (holder?.heldBy !== undefined) {
    return `${late}: consumer "${holder.heldBy}" has the request and has not finished it; read its log, or wait longer with --timeout`;
  }
  if (groups.length === 0) {
    return `${late}: ${stream} has no consumer group, so no worker of this type has run here; check the type, and start its manifest with "${program} up FILE"${gone}`;
  }
  if (groups.every((group) => group.consumers === 0)) {
    return `${late}: no consumer has joined the group "${
      groups[0]?.name ?? ''
    }" of ${stream}; is a worker of this type running? See "${program} status"${gone}`;
  }
  const waiting = groups.find((group) => !group.delivered);
  if (waiting !== undefined) {
    return `${late}: the request waits in ${stream}, ${waiting.pending} others are pending; the workers are busy or stopped, see "${program} status". It runs once one of them takes it; "redis-cli XDEL ${stream} ${id}" removes it`;
  }
  return `${late}: a worker took the request and acknowledged it without a reply in time; read the worker's log, and spec.stream.replies of its manifest, which may keep it from replying`;
}
