/**
 * A command of a script for Redis and the text it is answered with: nearly all a script asks for. Between two processes
 * that wait for each other each line of code is cold again, so that these are not JSON: a command is a message of the
 * very bytes Redis takes, and a text one that begins with `+`.
 */
import { asterisk, dollar } from '../../redis/byte-writer.ts';
import { encodeCommands } from '../../redis/commands.ts';
import { textBetween } from '../../redis/text.ts';
import { encodeBytes, encodeText, encodeWith } from './frames.ts';

const [plus, carriageReturn, lineFeed, zero] = [0x2b, 0x0d, 0x0a, 0x30];
/** Bytes of `$`, a length and two line ends. */
const aroundWord = 16;
/** Longer texts are left to the encoder, in one call. */
const shortText = 64;

/** A command that is one, to its last byte. */
export interface ScriptCommand {
  /** Its name in lower case. */
  readonly name: string;
  /** What Redis takes. */
  readonly bytes: Uint8Array;
  /** All of its words, the name among them. */
  words(): string[];
}

/** A command as a message. */
export function encodeCommand(words: readonly string[]): Uint8Array {
  const most = words.reduce((sum, { length }) => sum + length + aroundWord, aroundWord);
  return encodeWith(most, (room, from) => writeCommand(words, room, from)) ?? encodeBytes(encodeCommands(words));
}

/** A text as the answer to a command. */
export function encodeAnswerText(text: string): Uint8Array {
  const short = text.length > shortText ? undefined : encodeWith(1 + text.length, (room, from) => {
    room[from] = plus;
    return writeAscii(text, room, from + 1);
  });
  return short ?? encodeText(`+${text}`);
}

/**
 * A message as the command it is; undefined when it is none. A process may send what it wants: what is not exactly one
 * command would have Redis answer somebody else with what this one asked.
 */
export function commandIn(bytes: Uint8Array): ScriptCommand | undefined {
  const count = headerIn(bytes, 0, asterisk);
  if (count === undefined || count.value === 0) return undefined;
  const places: { readonly from: number; readonly end: number }[] = [];
  let at = count.end;
  while (places.length < count.value) {
    const length = headerIn(bytes, at, dollar);
    if (length === undefined) return undefined;
    const end = length.end + length.value;
    if (!isLineEnd(bytes, end)) return undefined;
    places.push({ from: length.end, end });
    at = end + 2;
  }
  if (at !== bytes.length) return undefined;
  const words = () => places.map(({ from, end }) => textBetween(bytes, from, end));
  const [first] = places;
  return { name: first ? textBetween(bytes, first.from, first.end).toLowerCase() : '', bytes, words };
}

/** Whether a message begins as a command does. */
export function isCommand(bytes: Uint8Array): boolean {
  return bytes[0] === asterisk;
}

/** @returns where it ends; undefined when a word is not all ASCII */
function writeCommand(words: readonly string[], room: Uint8Array, from: number): number | undefined {
  let at: number | undefined = writeHeader(asterisk, words.length, room, from);
  for (const word of words) {
    at = writeAscii(word, room, writeHeader(dollar, word.length, room, at));
    if (at === undefined) return undefined;
    at = writeLineEnd(room, at);
  }
  return at;
}

function writeHeader(kind: number, value: number, room: Uint8Array, from: number): number {
  let at = from;
  room[at++] = kind;
  let place = 1;
  while (place * 10 <= value) place *= 10;
  for (; place >= 1; place /= 10) room[at++] = zero + Math.floor(value / place) % 10;
  return writeLineEnd(room, at);
}

function writeLineEnd(room: Uint8Array, at: number): number {
  room[at] = carriageReturn;
  room[at + 1] = lineFeed;
  return at + 2;
}

function writeAscii(text: string, room: Uint8Array, from: number): number | undefined {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) return undefined;
    room[from + at] = unit;
  }
  return from + text.length;
}

/** The number behind a kind, and where its line ends; undefined when there is none. */
function headerIn(
  bytes: Uint8Array,
  from: number,
  kind: number,
): { readonly value: number; readonly end: number } | undefined {
  if (bytes[from] !== kind) return undefined;
  let [at, value] = [from + 1, 0];
  for (; at < bytes.length && bytes[at] !== carriageReturn; at++) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9 || value > bytes.length) return undefined;
    value = value * 10 + digit;
  }
  return at === from + 1 || !isLineEnd(bytes, at) ? undefined : { value, end: at + 2 };
}

function isLineEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === carriageReturn && bytes[at + 1] === lineFeed;
}
