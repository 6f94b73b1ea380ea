/** The request: one entry of the request stream. */
import { maxReferenceBytes } from './limits.ts';

/** A request a worker may run. */
export interface Request {
  /** The caller's reference, unique among requests in flight. */
  readonly ref: string;
  /** Fields of the entry but for `ref`, `type` and `workerUrl`: the user's own. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Why a request is refused before any user code sees it. */
export type Refusal =
  | { readonly kind: 'refused'; readonly cause: 'ref' }
  | { readonly kind: 'refused'; readonly cause: 'type' | 'workerUrl'; readonly ref: string; readonly message: string };

/** The request, or why it is none. */
export type ParsedRequest = Refusal | { readonly kind: 'request'; readonly request: Request };

/** What a worker accepts: its type, and the URL prefix of the older form when it has one. */
export interface Accepts {
  readonly type: string;
  readonly workerUrl?: string;
}

/** Names of the fields of a request that are the contract's; all others are the user's. */
export const requestFields = {
  ref: 'ref',
  type: 'type',
  workerUrl: 'workerUrl',
  data: 'data',
  /** `1` where the caller waits for a reply; a worker that replies to everybody does not ask. */
  reply: 'reply',
} as const;

/** What a request says whose caller waits for the reply. */
export const asksForReply = { [requestFields.reply]: '1' } as const;

/** What of a request names the function to call, under the Modules runtime; its arguments are the list in `data`. */
export const callFields = { module: 'module', function: 'function' } as const;

/** References end up in two key names: bounded, and free of control characters. */
const refPattern = /^\P{Cc}+$/u;
/** What is no printable ASCII. Most references have nothing else, and this takes less to find out than the pattern. */
const special = /[^ -~]/;
const utf8 = new TextEncoder();

/** True for a reference of 1 to {@link maxReferenceBytes} bytes without control characters. */
function isReference(ref: string): boolean {
  if (!special.test(ref)) return ref.length <= maxReferenceBytes && ref !== '';
  if (ref.length > maxReferenceBytes || !refPattern.test(ref)) return false;
  return ref.length * 3 <= maxReferenceBytes || utf8.encode(ref).length <= maxReferenceBytes;
}

/** The fields that decide whether a worker runs a request. */
export type RequestHead = Readonly<Record<'ref' | 'type' | 'workerUrl', string | undefined>>;

/** Sorts the fields of an entry into a request, or says why it is none. */
export function parseRequest(entry: Readonly<Record<string, string>>, accepts: Accepts): ParsedRequest {
  const { ref, type, workerUrl, ...fields } = entry;
  return refusalOf({ ref, type, workerUrl }, accepts) ?? { kind: 'request', request: { ref: ref ?? '', fields } };
}

/** Why a request is refused before any user code sees it; undefined for one that runs. */
export function refusalOf({ ref, type, workerUrl }: RequestHead, accepts: Accepts): Refusal | undefined {
  if (ref === undefined || !isReference(ref)) return { kind: 'refused', cause: 'ref' };
  if (type === accepts.type) return undefined;
  if (type !== undefined && type !== '') {
    return {
      kind: 'refused',
      cause: 'type',
      ref,
      message: `this worker takes type "${accepts.type}", not "${type.slice(0, 80)}"`,
    };
  }
  if (workerUrl !== undefined && workerUrl !== '') {
    if (accepts.workerUrl !== undefined && workerUrl.startsWith(accepts.workerUrl)) return undefined;
    return {
      kind: 'refused',
      cause: 'workerUrl',
      ref,
      message: 'the workerUrl of this request is not one this worker runs',
    };
  }
  return {
    kind: 'refused',
    cause: 'type',
    ref,
    message: `the request has no field "type"; send type "${accepts.type}"`,
  };
}

/** The fields of an entry that asks a worker of `type` to handle `data` (JSON text). */
export function encodeRequest(ref: string, type: string, data: string): Record<string, string> {
  return { [requestFields.ref]: ref, [requestFields.type]: type, [requestFields.data]: data };
}
