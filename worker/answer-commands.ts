/** The commands that answer a request, as encoded text: written once for every request, so nothing is built that does not change. */
import { replyListKey, traceHashKey } from '../contract/keys.ts';
import { defaultReplyExpireSeconds, defaultResponseStreamLimit, traceExpireSeconds } from '../contract/limits.ts';
import { traceField } from '../contract/trace.ts';
import { byteLength } from './commands.ts';
import type { Held } from './desk.ts';
import { isoTime } from './iso-time.ts';
import type { Answer } from './outcome.ts';
import type { Place } from './place.ts';

/** Encodes one argument. */
export type Encode = (text: string | number) => string;

/** For arguments of any kind. */
export const encodeText: Encode = (text) => `$${byteLength(String(text))}\r\n${text}\r\n`;

/** For ASCII, whose length needs no counting; whoever uses it checks afterwards that it was ASCII. */
export const encodeAscii: Encode = (text) => (typeof text === 'string' ? `$${text.length}\r\n${text}\r\n` : encodeText(text));

/** Writes the answers of one place. */
export class AnswerCommands {
  /** Commands per answer. */
  readonly count: number;
  readonly #traces: boolean;
  /** What is the same in every answer, encoded. */
  readonly #expireReply: string;
  readonly #response: string;
  readonly #type: string;
  readonly #consumer: string;
  readonly #trace: string;

  constructor(place: Place) {
    const limit = place.responseStreamLimit ?? defaultResponseStreamLimit;
    this.#traces = place.settings.traces === 'On';
    this.count = this.#traces ? 5 : 3;
    this.#expireReply = encodeText(place.replyExpireSeconds ?? defaultReplyExpireSeconds);
    this.#response = ['XADD', place.responseStream, 'MAXLEN', '~', limit, '*', 'ref'].map(encodeText).join('');
    this.#type = ['type', place.type, 'xid'].map(encodeText).join('');
    this.#consumer = ['consumer', place.consumerId, 'ms'].map(encodeText).join('');
    this.#trace = encodeText(traceField(place.type));
  }

  /** Reply with its time to live, response and, unless they are off, trace with its own. */
  write(held: Held, answer: Answer, encode: Encode): string {
    const list = encode(replyListKey(held.ref));
    const told = encode(answer.told);
    const reply = `*3\r\n$5\r\nLPUSH\r\n${list}${answer.told === answer.json ? told : encode(answer.json)}*3\r\n$6\r\nEXPIRE\r\n${list}${this.#expireReply}`;
    const response =
      `*22\r\n${this.#response}${encode(held.ref)}${this.#type}${encode(held.entry.xid)}$4\r\ncode\r\n${encode(answer.code)}$3\r\nres\r\n${told}` +
      `${this.#consumer}${encode(held.completedMs - held.startedMs)}$7\r\nattempt\r\n${encode(held.entry.attempt)}`;
    return this.#traces ? reply + response + this.#writeTrace(held, answer, encode) : reply + response;
  }

  #writeTrace(held: Held, answer: Answer, encode: Encode): string {
    const hash = encode(traceHashKey(held.ref));
    const trace = `{"received":"${isoTime(held.receivedMs)}","completed":"${isoTime(held.completedMs)}","res":${answer.told}}`;
    return `*4\r\n$4\r\nHSET\r\n${hash}${this.#trace}${encode(trace)}*3\r\n$6\r\nEXPIRE\r\n${hash}${expireTrace}`;
  }
}

const expireTrace = encodeText(traceExpireSeconds);
