/**
 * What the domain asks of a kind of work. There is one kind today, a request stream with a consumer group;
 * another kind is a sibling of `stream.ts` and `stream-writes.ts`, and nothing outside this folder changes.
 */
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import type { RedisLink } from '../../redis/link.ts';
import type { Action, Why, WorkAction } from '../model/action.ts';
import type { Blueprint } from '../model/blueprint.ts';
import type { Problem } from '../model/problem.ts';

/** A member of the work, as Redis knows it. */
export interface Member {
  readonly id: string;
  /** Requests it took and has not finished. */
  readonly pending: number;
  /** Milliseconds since it last asked for work. */
  readonly idleMs: number;
}

/** A consumer on its way out, and the one that takes over what it has not finished. */
export interface Leaving {
  readonly id: string;
  readonly heir: string | undefined;
  readonly why: Why;
}

/** One look at the work of a worker, and what it calls for. Everything in it is pure. */
export interface WorkView {
  readonly members: readonly Member[];
  /** Keys that hold something else than they should. */
  readonly problems: readonly Problem[];
  /** The part of the status that tells the backlog. */
  readonly status: Pick<RedisWorkerStatus, 'stream'>;
  /** What must be there before a consumer starts. */
  start(): Action[];
  /** Takes a consumer whose pod is gone out of the work, without losing a request. */
  leave(leaving: Leaving): Action[];
  /** Ends the work of a deleted worker; `isOurs` tells which members were the operator's. */
  end(isOurs: (id: string) => boolean): Action[];
}

/** A kind of work. */
export interface Work {
  /** @throws RedisFault */
  observe(link: RedisLink, blueprint: Blueprint): Promise<WorkView>;
  /** Carries out one action of a plan. @param isRepair the worker has run before @throws RedisFault, TerminalError, TransientError */
  write(link: RedisLink, blueprint: Blueprint, action: WorkAction, isRepair: boolean): Promise<void>;
}
