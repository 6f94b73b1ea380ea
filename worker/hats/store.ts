/** What this worker asks of Redis about scripts, over whatever connection there is at the moment. */
import { defaultDeadSeconds, defaultHangNs, nsPerMs, type ScriptFailure } from '../../contract/hats.ts';
import type { Connection } from '../redis/connection.ts';
import { ConnectionLostError } from '../redis/connection-lost.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import * as lua from './lua.ts';

/** Keys one command names. */
const pageSize = 500;

/** A script that was taken. */
export interface TakenScript {
  readonly fence: string;
  readonly source: string;
  readonly hangMs: number;
  readonly deadMs: number;
}

/** Whether a script is still held: `held`, to be ended, or somebody else's. */
export type Standing = 'held' | 'disabled' | 'lost';

/** When a job is due, as its hash says. */
export interface JobPlan {
  readonly cron: string;
  readonly timeZone: string;
}

/** A tick to take a job for, and the plan it was computed from. */
export interface JobTick {
  readonly key: string;
  readonly tick: number;
  readonly plan: JobPlan;
}

/** A job that was taken. */
export interface TakenJob {
  readonly fence: string;
  readonly source: string;
  readonly deadMs: number;
}

/**
 * Why a job was not taken: somebody has the tick, or it is not to run, or it runs, or runs for the tick before but began
 * late, or its plan is another one by now.
 */
export type NotTaken = 'taken' | 'running' | 'late' | 'disabled' | 'changed';

/** What is told of a run. */
export interface ResultRow {
  readonly ref: string;
  readonly code: number;
  /** The reply as JSON. */
  readonly res: string;
  readonly ms: number;
}

/** Where it is told, and in whose name. */
export interface ResponseStream {
  readonly stream: string;
  /** Entries that are kept, 0 for all. */
  readonly limit: number;
  readonly type: string;
  readonly consumerId: string;
}

/** A run of a job that is over. */
export interface FinishedJob {
  readonly key: string;
  readonly fence: string;
  readonly row: ResultRow;
  /** What it threw; undefined when it ended well. */
  readonly failure: ScriptFailure | undefined;
}

/** What answers under a path. */
export interface Endpoint {
  readonly source: string;
  /** Whether it failed the last time. */
  readonly failed: boolean;
}

/** Who this worker is in its cluster. */
export interface Member {
  readonly cluster: string;
  readonly name: string;
}

/** The scripts of a cluster in Redis. Everything throws ConnectionLostError or RedisError: an outage. */
export class Store {
  readonly member: Member;
  #connection: Connection | undefined;

  constructor(member: Member) {
    this.member = member;
  }

  /** The connection to use from now on; undefined while there is none. */
  set connection(connection: Connection | undefined) {
    this.#connection = connection;
  }

  /**
   * Takes a script until it is released. @param manner `asked`: though it is disabled
   * @returns milliseconds until it may be free where somebody has it, -1 where nobody may
   */
  async takeScript(key: string, manner: 'due' | 'asked'): Promise<TakenScript | number> {
    const { name, cluster } = this.member;
    const reply = await this.#on(lua.takeScript, key, name, cluster, defaultDeadSeconds, manner);
    if (typeof reply === 'number') return reply;
    const [fence, source, hang, dead] = itemsOf(reply).map(textOf);
    return { fence: fence ?? '', source: source ?? '', hangMs: hangMs(hang ?? ''), deadMs: Number(dead) * 1000 };
  }

  async beat(key: string, fence: string): Promise<Standing> {
    return textOf(await this.#on(lua.beat, key, this.member.name, fence)) as Standing;
  }

  /** Lets a script go. @param failure what it threw, which disables it */
  async release(key: string, fence: string, failure: ScriptFailure | undefined, owner: '' | '-'): Promise<void> {
    const state = failure === undefined ? 'stopped' : 'crashed';
    await this.#on(
      lua.release,
      key,
      this.member.name,
      fence,
      state,
      failure?.error ?? '',
      failure?.at ?? '',
      errorTime(),
      owner,
    );
  }

  async disable(key: string, fence: string): Promise<void> {
    await this.#on(lua.setStatus, key, this.member.name, fence, 'disabled');
  }

  async field(key: string, name: string): Promise<string> {
    return textOf(await this.command('HGET', key, name));
  }

  /** What the hashes of jobs say of when to run them; undefined for those that are not to run. */
  async jobPlans(keys: readonly string[]): Promise<(JobPlan | undefined)[]> {
    const names = ['Source', 'Cron', 'TimeZone', 'Status'];
    const replies = await this.#living.pipeline(keys.map((key) => ['HMGET', key, ...names]));
    return replies.map((reply) => {
      if (reply instanceof RedisError) return undefined; // it is no hash any more
      const [source, cron = '', timeZone = '', status] = itemsOf(reply).map(textOf);
      return source && cron !== '' && status !== 'disabled' ? { cron, timeZone } : undefined;
    });
  }

  /**
   * Takes jobs for their ticks, in their order, until there are enough.
   * @returns what came of those that were looked at
   */
  async takeJobs(ticks: readonly JobTick[], most: number): Promise<(TakenJob | NotTaken)[]> {
    const { name, cluster } = this.member;
    const reply = await this.#run(lua.takeJobs, ticks.map(({ key }) => key), [
      ...[name, cluster, defaultDeadSeconds, most],
      ...ticks.flatMap(({ tick, plan }) => [tick, plan.cron, plan.timeZone]),
    ]);
    return itemsOf(reply).map((said) => {
      if (!Array.isArray(said)) return textOf(said) as NotTaken;
      const [fence, source, dead] = itemsOf(said).map(textOf);
      return { fence: fence ?? '', source: source ?? '', deadMs: Number(dead) * 1000 };
    });
  }

  /** Lets jobs go and tells what came of them. @returns for each whether it was still this worker's */
  async finishJobs({ stream, limit, type, consumerId }: ResponseStream, runs: readonly FinishedJob[]): Promise<
    ('released' | 'lost')[]
  > {
    const reply = await this.#run(lua.finishJobs, [stream, ...runs.map(({ key }) => key)], [
      ...[this.member.name, limit === 0 ? '' : limit, type, consumerId],
      ...runs.flatMap(({ fence, row: { ref, code, res, ms }, failure }) => [
        ...[fence, ref, code, res, ms, failure?.error ?? '', failure?.at ?? ''],
        errorTime(),
      ]),
    ]);
    return itemsOf(reply).map(textOf) as 'released'[];
  }

  /** An endpoint; undefined where there is none, or one that is disabled. */
  async endpoint(key: string): Promise<Endpoint | undefined> {
    const [source, status, error] = itemsOf(await this.command('HMGET', key, 'Source', 'Status', 'Error')).map(textOf);
    return !source || status === 'disabled' ? undefined : { source, failed: Boolean(error) };
  }

  /** Says of an endpoint that is still there how it failed; an empty error when it works again. */
  async noteFailure(key: string, { error, at = '' }: ScriptFailure): Promise<void> {
    await this.#on(lua.noteFailure, key, error, at, error === '' ? '' : errorTime());
  }

  /** Notes the scripts there are, for whoever shows them. */
  async noteFound(listKey: string, keys: ReadonlySet<string>): Promise<void> {
    const noted = new Set(itemsOf(await this.command('HKEYS', listKey)).map(textOf));
    const [fresh, gone] = [[...keys].filter((key) => !noted.has(key)), [...noted].filter((key) => !keys.has(key))];
    for (let at = 0; at < fresh.length; at += pageSize) {
      await this.command('HSET', listKey, ...fresh.slice(at, at + pageSize).flatMap((key) => [key, '']));
    }
    for (let at = 0; at < gone.length; at += pageSize) {
      await this.command('HDEL', listKey, ...gone.slice(at, at + pageSize));
    }
  }

  /** Sends one command. */
  async command(...command: readonly [string, ...(string | number)[]]): Promise<Reply> {
    return await this.#living.command(...command);
  }

  get #living(): Connection {
    if (this.#connection === undefined) throw new ConnectionLostError('there is no connection to Redis');
    return this.#connection;
  }

  #on(script: string, key: string, ...args: readonly (string | number)[]): Promise<Reply> {
    return this.#run(script, [key], args);
  }

  async #run(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply> {
    const sha = shas.get(script) ?? await shaOf(script);
    try {
      return await this.command('EVALSHA', sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof RedisError) || error.code !== 'NOSCRIPT') throw error;
      return await this.command('EVAL', script, keys.length, ...keys, ...args);
    }
  }
}

const shas = new Map<string, string>();

async function shaOf(script: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(script)));
  const sha = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  shas.set(script, sha);
  return sha;
}

/** Nanoseconds, as a key has them; the default where there are none. */
function hangMs(text: string): number {
  const ns = text === '' ? defaultHangNs : Number(text);
  return (Number.isFinite(ns) && ns >= 0 ? ns : defaultHangNs) / nsPerMs;
}

/** Now, as RFC 3339 with nanoseconds. */
function errorTime(): string {
  return new Date().toISOString().replace('Z', '000000Z');
}
