/**
 * How many consumers an autoscaled worker is to have, and which. More at once, as soon as the backlog calls for them;
 * fewer only when no look within `idleSeconds` called for more, and never one that has a request in hand. Pure.
 */
import type { RedisWorkerSpec, RedisWorkerStatus } from '../../api/redisworker.ts';
import type { Needs } from '../model/needs.ts';
import type { Demand } from '../model/work.ts';

/** `spec.consumers.autoscale`. */
export type Autoscale = NonNullable<RedisWorkerSpec['consumers']['autoscale']>;

/** What is known when it is decided. */
export interface Situation {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly autoscale: Autoscale;
  /** Ids of the consumers that are asked to run. */
  readonly running: readonly string[];
  /** Undefined while Redis tells nothing. */
  readonly demand: Demand | undefined;
  /** When a request last came or was finished, as far as it was seen. */
  readonly lastActive: number | undefined;
  /** What the looks before needed; undefined at the first. */
  readonly needs: Needs | undefined;
}

/** What a number of consumers follows from. */
export type ScaleReason = NonNullable<NonNullable<RedisWorkerStatus['autoscale']>['reason']>;

/** Who is to run. */
export interface Scale {
  readonly ids: readonly string[];
  readonly reason: ScaleReason;
  /** When to decide again although nothing was heard, in milliseconds since 1970; undefined when time changes nothing. */
  readonly lookAt: number | undefined;
}

/** The consumer that stays as a Deployment without a pod while nobody is wanted. */
export const sleeper = '1';

/** While the backlog may grow past what runs, or a consumer too many is at work, no event tells when that is over. */
const activeMs = 1000;
/** A backlog that cannot be told is asked for again. */
const unknownMs = 5000;

/** Decides. The same situation gives the same answer. */
export function scaleOf(situation: Situation): Scale {
  const { autoscale: { min, max } } = situation;
  const running = situation.running.filter((id) => isNumber(id, max)).sort(byNumber);
  const wish = wishOf(situation, running.length);
  const count = Math.min(Math.max(wish, min), max);
  const ids = chosen(running, count, new Set(situation.demand?.busy));
  return { ids, reason: reasonOf(wish, situation), lookAt: lookAtOf(situation, ids, count) };
}

/** Consumers a backlog calls for, without regard to bounds; undefined when the backlog is unknown. */
export function needOf(demand: Demand | undefined, { backlogPerConsumer }: Autoscale, now: number): number | undefined {
  return demand?.waiting === undefined ? undefined : Math.ceil(backlogOf(demand, now) / backlogPerConsumer);
}

/** What can be worked at now: a request whose next attempt is still to come cannot. */
function backlogOf({ waiting = 0, taken, nextAttempt = Infinity }: Demand, now: number): number {
  return waiting + taken + (nextAttempt <= now ? 1 : 0);
}

/** What is not known takes nobody away: neither a backlog that cannot be told, nor the time before the first look. */
function wishOf(situation: Situation, running: number): number {
  const { now, autoscale, demand, lastActive, needs } = situation;
  const windowMs = autoscale.idleSeconds * 1000;
  const need = needOf(demand, autoscale, now);
  const isSure = need !== undefined && needs !== undefined && now - needs.since >= windowMs;
  const least = demand === undefined ? 0 : Math.ceil(backlogOf(demand, now) / autoscale.backlogPerConsumer);
  const recent = (needs?.peaks ?? []).filter(({ time }) => now - time < windowMs).map(({ count }) => count);
  const isActive = lastActive !== undefined && now - lastActive < windowMs;
  return Math.max(least, ...recent, isActive ? 1 : 0, isSure ? 0 : running);
}

function reasonOf(wish: number, { autoscale: { min, max } }: Situation): ScaleReason {
  if (wish > max) return 'Maximum';
  if (wish < min) return 'Minimum';
  return wish === 0 ? 'Idle' : 'Backlog';
}

/** Fills up from the lowest id, takes away from the highest; whoever has something in hand stays. */
function chosen(running: readonly string[], count: number, busy: ReadonlySet<string>): readonly string[] {
  if (running.length <= count) {
    const free = Array.from({ length: count }, (_, at) => String(at + 1)).filter((id) => !running.includes(id));
    return [...running, ...free.slice(0, count - running.length)].sort(byNumber);
  }
  // The first consumer is the one that sleeps: it goes last.
  const idle = running.filter((id) => !busy.has(id) && (id !== sleeper || count === 0));
  const leaving = new Set(idle.slice(Math.max(idle.length - (running.length - count), 0)));
  return running.filter((id) => !leaving.has(id));
}

function lookAtOf(situation: Situation, ids: readonly string[], count: number): number | undefined {
  const { now, autoscale, demand, lastActive, needs } = situation;
  if (demand === undefined) return undefined;
  const windowMs = autoscale.idleSeconds * 1000;
  const isGrowing = backlogOf(demand, now) > 0 && count < autoscale.max;
  const falls = ids.length <= autoscale.min ? [] : [
    ...(needs?.peaks ?? []).map(({ time }) => time + windowMs),
    (needs?.since ?? now) + windowMs,
    (lastActive ?? now) + windowMs,
  ];
  const times = [
    ...falls,
    ...(isGrowing || ids.length > count ? [now + activeMs] : []),
    ...(demand.waiting === undefined ? [now + unknownMs] : []),
    ...(ids.length === 0 && demand.nextAttempt !== undefined ? [demand.nextAttempt] : []),
  ].filter((time) => time > now);
  return times.length === 0 ? undefined : Math.min(...times);
}

function isNumber(id: string, max: number): boolean {
  return /^[1-9]\d*$/.test(id) && Number(id) <= max;
}

function byNumber(one: string, other: string): number {
  return Number(one) - Number(other);
}
