/** What a broker and a module say to each other. Each worker's messages come over a channel of its own, which is who it is. */

/** The place of a value that cannot be cloned as it is, and what it is. Of a result or an error the place is 0. */
export type Mark = readonly [index: number, kind: MarkKind];
export type MarkKind = 'Request' | 'Response' | 'ReadableStream' | 'Error';

/** Values that can be cloned, with what some of them stand for. */
export interface Packed {
  readonly values: readonly unknown[];
  readonly marks?: readonly Mark[];
}

/** Calls a function; without a name the module is only imported. */
export interface CallMessage extends Packed {
  readonly kind: 'call';
  readonly id: number;
  readonly target: string;
  readonly segregationId?: string;
  readonly functionName?: string;
  readonly context?: unknown;
  /** Told by the broker alone: what a module says of itself is not read. */
  readonly source?: string;
  readonly sourceSegregationId?: string;
  /** Asked by a module. */
  readonly timeoutMs?: number;
}

/** The one value is what the function returned, or what it threw. */
export interface OutcomeMessage extends Packed {
  readonly kind: 'result' | 'error';
  readonly id: number;
}

/** Nobody waits for the call any more. The one value is why. */
export interface CancelMessage extends Packed {
  readonly kind: 'cancel';
  readonly id: number;
}

/** Is it alive? It is. A module tells what its process and its thread take. */
export interface PulseMessage {
  readonly kind: 'ping' | 'pong';
  readonly memory?: { readonly process: number; readonly thread: number };
}

/** Of a stream, from the side that has it: a piece, its end, or its failure. To that side: more pieces, or no more at all. */
export type StreamMessage = FromSource | ToSource;

export type FromSource =
  | { readonly kind: 'chunk'; readonly stream: number; readonly chunk: unknown }
  | { readonly kind: 'close'; readonly stream: number }
  | ({ readonly kind: 'fail'; readonly stream: number } & Packed);

export type ToSource =
  | ({ readonly kind: 'stop'; readonly stream: number } & Packed)
  | { readonly kind: 'pull'; readonly stream: number; readonly credit: number };

/** A channel to another module comes with it, in `ports`: one side calls, the other answers as `target`. */
export interface LinkMessage {
  readonly kind: 'link';
  readonly link: number;
  readonly role: 'calling' | 'called';
  readonly target: string;
  readonly segregationId?: string;
  readonly source?: string;
  readonly sourceSegregationId?: string;
}

/** No further calls that way; with a value, which is why, those under way have failed. */
export interface UnlinkMessage {
  readonly kind: 'unlink';
  readonly link: number;
  readonly values?: readonly unknown[];
  readonly marks?: readonly Mark[];
}

export type Message =
  | LinkMessage
  | UnlinkMessage
  | CallMessage
  | OutcomeMessage
  | CancelMessage
  | PulseMessage
  | StreamMessage;

/** Tells ours from what else a module and the program around the broker may post to each other. */
const mark = 'redisworker.broker/1';

/** A message as it travels. */
export interface Envelope {
  readonly broker: typeof mark;
  readonly message: Message;
}

export function envelope(message: Message): Envelope {
  return { broker: mark, message };
}

/** @returns undefined for what is none of ours, or not made as ours are */
export function openEnvelope(data: unknown): Message | undefined {
  if (!isObject(data) || data['broker'] !== mark || !isObject(data['message'])) return undefined;
  const message = data['message'];
  return isMessage(message) ? message : undefined;
}

/** Whether it is made as ours are. */
export function isMessage(message: unknown): message is Message {
  if (!isObject(message)) return false;
  switch (message['kind']) {
    case 'link':
      return isId(message['link']) && typeof message['target'] === 'string';
    case 'unlink':
      return isId(message['link']) && (message['values'] === undefined || isPacked(message));
    case 'call':
      return isId(message['id']) && typeof message['target'] === 'string' && isTextOrNone(message['segregationId']) &&
        isTextOrNone(message['functionName']) && isPacked(message) &&
        (message['timeoutMs'] === undefined || typeof message['timeoutMs'] === 'number');
    case 'result':
    case 'error':
    case 'cancel':
      return isId(message['id']) && isPacked(message);
    case 'ping':
    case 'pong':
      return isMemoryOrNone(message['memory']);
    case 'chunk':
    case 'close':
      return isId(message['stream']);
    case 'fail':
    case 'stop':
      return isId(message['stream']) && isPacked(message);
    case 'pull':
      return isId(message['stream']) && isId(message['credit']);
    default:
      return false;
  }
}

function isPacked(message: Readonly<Record<string, unknown>>): boolean {
  const { values, marks } = message;
  return Array.isArray(values) && (marks === undefined || (Array.isArray(marks) && marks.every(isMark)));
}

function isMark(value: unknown): boolean {
  return Array.isArray(value) && isId(value[0]) && typeof value[1] === 'string';
}

function isId(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isMemoryOrNone(value: unknown): boolean {
  return value === undefined || (isObject(value) && isId(value['process']) && isId(value['thread']));
}

function isTextOrNone(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
