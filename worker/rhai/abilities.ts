/** Functions of the host: what scripts may ask of their worker, as far as the manifest allows it. */
import { taskBookkeeping } from '../../contract/tasks.ts';
import type { Logger } from '../pod/log.ts';
import { isOutage } from '../pod/outage.ts';
import type { Connection } from '../redis/connection.ts';
import { decodeText, RedisError, type Reply } from '../redis/resp.ts';
import type { Answer } from './engine.ts';
import { matchesPattern } from './key-pattern.ts';
import type { Place } from './place.ts';
import { maxAnswerBytes } from './thread-messages.ts';
import type { Asked } from './threads.ts';

/** What they need of the process. */
export interface AbilityParts {
  readonly place: Place;
  readonly log: Logger;
  /** Opens a connection that is for scripts alone. */
  readonly connect: () => Promise<Connection>;
}

/** Answers what scripts ask. */
export class Abilities {
  readonly #parts: AbilityParts;
  #connection: Promise<Connection> | undefined;

  constructor(parts: AbilityParts) {
    this.#parts = parts;
  }

  /** What the script of one task may ask. */
  of(taskId: string): Asked {
    const { log } = this.#parts;
    return {
      print: (level, text, line) =>
        log[level === 'print' ? 'info' : 'debug'](text, { task: taskId, ...(line > 0 ? { line } : {}) }),
      ask: ([kind = '', ...args], until) => {
        if (kind === 'redis') return this.#redis(args);
        return kind === 'http_get' ? httpGet(args[0] ?? '', until) : this.#progress(taskId, Number(args[0]));
      },
    };
  }

  close(): void {
    void this.#connection?.then((connection) => connection.close(), () => {}); // one that was never made is closed
  }

  async #redis([name = '', key = '', ...args]: readonly string[]): Promise<Answer> {
    const { redisKeys } = this.#parts.place.tasks;
    if (!redisKeys.some((pattern) => matchesPattern(key, pattern))) {
      throw new Error(`the key ${JSON.stringify(key)} is not open to scripts: add it to spec.redis.keys`);
    }
    return answerOf(await this.#command(name, key, ...args));
  }

  async #progress(taskId: string, percent: number): Promise<Answer> {
    const key = this.#parts.place.tasks.details + taskId;
    await this.#command('HSET', key, taskBookkeeping.progress, String(Math.min(100, Math.max(0, percent))));
    return null;
  }

  /** A connection that was lost is made anew for the next that asks. */
  async #command(...command: readonly string[]): Promise<Reply> {
    const connection = this.#connection ??= this.#parts.connect();
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

async function httpGet(url: string, signal: AbortSignal): Promise<string> {
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
