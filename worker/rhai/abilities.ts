/** Functions of the host: what scripts may ask of their worker, as far as the manifest allows it. */
import { taskBookkeeping } from '../../contract/tasks.ts';
import type { Logger } from '../pod/log.ts';
import { isOutage } from '../pod/outage.ts';
import type { Connection } from '../redis/connection.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import { decodeText } from '../redis/text.ts';
import { type Answer, maxAnswerBytes } from './engine.ts';
import type { Asked } from './engines.ts';
import { matchesPattern } from './key-pattern.ts';

/** What they need of the process. */
export interface AbilityParts {
  /** Patterns of the keys scripts may use. */
  readonly redisKeys: readonly string[];
  /** What the keys of task hashes begin with. */
  readonly details: string;
  readonly log: Logger;
  /** Opens a connection that is for scripts alone. */
  readonly connect: () => Promise<Connection>;
}

/** Answers what scripts ask. */
export class Abilities {
  readonly #parts: AbilityParts;
  readonly #redis: OpenKeys;

  constructor(parts: AbilityParts) {
    this.#parts = parts;
    this.#redis = new OpenKeys(parts.redisKeys, parts.connect);
  }

  /** What the script of one task may ask. */
  of(taskId: string): Asked {
    const { log, details } = this.#parts;
    return {
      print: (level, text, line) =>
        log[level === 'print' ? 'info' : 'debug'](text, { task: taskId, ...(line > 0 ? { line } : {}) }),
      ask: ([kind = '', ...args], until) => {
        if (kind === 'redis') return this.#redis.answer(args);
        if (kind === 'http_get') return httpGet(args[0] ?? '', until);
        return this.#progress(details + taskId, percentOf(args[0]));
      },
    };
  }

  async #progress(key: string, percent: number): Promise<Answer> {
    await this.#redis.command('HSET', key, taskBookkeeping.progress, String(percent));
    return null;
  }
}

/** What a script tells of how far it is, from 0 to 100. */
export function percentOf(told: string | undefined): number {
  return Math.min(100, Math.max(0, Number(told)));
}

/** The keys that are open to scripts, over a connection that is made when it is first needed. */
export class OpenKeys {
  readonly #patterns: readonly string[];
  readonly #connect: () => Promise<Connection>;
  #connection: Promise<Connection> | undefined;

  constructor(patterns: readonly string[], connect: () => Promise<Connection>) {
    this.#patterns = patterns;
    this.#connect = connect;
  }

  /** What a function of scripts comes to. @throws Error for a key that is not open */
  async answer([name = '', key = '', ...args]: readonly string[]): Promise<Answer> {
    if (!this.#patterns.some((pattern) => matchesPattern(key, pattern))) {
      throw new Error(`the key ${JSON.stringify(key)} is not open to scripts: add it to spec.redis.keys`);
    }
    return answerOf(await this.command(name, key, ...args));
  }

  /** A connection that was lost is made anew for the next that asks. */
  async command(...command: readonly string[]): Promise<Reply> {
    const connection = this.#connection ??= this.#connect();
    try {
      return await (await connection).command(...command);
    } catch (error) {
      if (isOutage(error) && !(error instanceof RedisError) && this.#connection === connection) {
        this.#connection = undefined;
      }
      throw error;
    }
  }
}

function answerOf(reply: Reply): Answer {
  if (reply instanceof RedisError) return reply;
  if (Array.isArray(reply)) return reply.map(answerOf);
  return reply instanceof Uint8Array ? decodeText(reply) : reply;
}

/** The body of what a URL answers. @throws Error for an answer that is no success, or too long */
export async function httpGet(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal });
  const text = await textWithin(response, maxAnswerBytes);
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${response.statusText}`.trimEnd());
  return text;
}

async function textWithin(response: Response, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ['', 0];
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > most) throw new Error(`the answer of ${response.url} has more than ${most} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
