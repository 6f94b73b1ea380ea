/** What this worker asks of Redis about scripts, over whatever connection there is at the moment. */
import { defaultDeadSeconds, defaultHangNs, nsPerMs } from '../../contract/hats.ts';
import type { Connection } from '../redis/connection.ts';
import { ConnectionLostError } from '../redis/connection-lost.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import * as lua from './lua.ts';

/** Keys one command names. */
const pageSize = 500;

/** A thread that was taken. */
export interface TakenThread {
  readonly fence: string;
  readonly source: string;
  readonly hangMs: number;
  readonly deadMs: number;
}

/** Whether a script is still held: `held`, to be ended, or somebody else's. */
export type Standing = 'held' | 'disabled' | 'lost';

/** When a job is due, as its hash says; undefined without a schedule, or when it is not to run. */
export interface JobPlan {
  readonly cron: string;
  readonly timeZone: string;
  readonly isEnabled: boolean;
  readonly deadMs: number;
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

  /** Takes a thread. @returns milliseconds until it may be free where somebody has it, -1 where nobody may */
  async takeThread(key: string): Promise<TakenThread | number> {
    const { name, cluster } = this.member;
    const reply = await this.#run(lua.takeThread, key, name, cluster, defaultDeadSeconds);
    if (typeof reply === 'number') return reply;
    const [fence, source, hang, dead] = itemsOf(reply).map(textOf);
    return { fence: fence ?? '', source: source ?? '', hangMs: hangMs(hang ?? ''), deadMs: Number(dead) * 1000 };
  }

  async beat(key: string, fence: string): Promise<Standing> {
    return textOf(await this.#run(lua.beat, key, this.member.name, fence)) as Standing;
  }

  /** Lets a script go. @param failure what it threw, which disables it */
  async release(key: string, fence: string, failure: string | undefined, owner: '' | '-'): Promise<void> {
    const state = failure === undefined ? 'stopped' : 'crashed';
    await this.#run(lua.release, key, this.member.name, fence, state, failure ?? '', errorTime(), owner);
  }

  async disable(key: string, fence: string): Promise<void> {
    await this.#run(lua.setStatus, key, this.member.name, fence, 'disabled');
  }

  async field(key: string, name: string): Promise<string> {
    return textOf(await this.command('HGET', key, name));
  }

  async jobPlan(key: string): Promise<JobPlan | undefined> {
    const names = ['Source', 'Cron', 'TimeZone', 'Status', 'DeadSeconds'];
    const [source, cron = '', timeZone = '', status, dead] = itemsOf(await this.command('HMGET', key, ...names)).map(
      textOf,
    );
    if (!source || cron === '') return undefined;
    const deadSeconds = dead === '' ? defaultDeadSeconds : Math.max(Number(dead) || defaultDeadSeconds, 1);
    return { cron, timeZone, isEnabled: status !== 'disabled', deadMs: deadSeconds * 1000 };
  }

  /** Takes a job for a tick. @returns why not, where it was not taken */
  async takeJob(key: string, tickMs: number, { cron, timeZone }: JobPlan): Promise<
    { readonly fence: string; readonly source: string } | 'disabled' | 'changed' | 'taken' | 'running'
  > {
    const { name, cluster } = this.member;
    const reply = await this.#run(lua.takeJob, key, name, cluster, defaultDeadSeconds, tickMs, cron, timeZone);
    if (!Array.isArray(reply)) return textOf(reply) as 'taken';
    const [fence, source] = itemsOf(reply).map(textOf);
    return { fence: fence ?? '', source: source ?? '' };
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
    if (this.#connection === undefined) throw new ConnectionLostError('there is no connection to Redis');
    return await this.#connection.command(...command);
  }

  async #run(script: string, key: string, ...args: readonly (string | number)[]): Promise<Reply> {
    const sha = shas.get(script) ?? await shaOf(script);
    try {
      return await this.command('EVALSHA', sha, 1, key, ...args);
    } catch (error) {
      if (!(error instanceof RedisError) || error.code !== 'NOSCRIPT') throw error;
      return await this.command('EVAL', script, 1, key, ...args);
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
