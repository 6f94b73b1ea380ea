/** Entries of the request stream, with the user's values as the bytes they are. */
import { requestFields, type RequestHead } from '../../contract/request.ts';
import { runtimeFieldPrefix, runtimeFields } from '../../contract/runtime-fields.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import type { Reply } from '../redis/resp.ts';
import { decodeText } from '../redis/text.ts';

/** A name or a value of an entry: ASCII as text, anything else as the bytes it is. Both are written back unchanged. */
export type Bulk = string | Uint8Array;

/** An entry as it was delivered. */
export interface Entry {
  readonly id: string;
  /** Name, value, name, value… without the runtime's own fields. */
  readonly fields: readonly Bulk[];
  /** Which attempt this is, counted from 1. */
  readonly attempt: number;
  /** Entry id of the first attempt. */
  readonly xid: string;
  /** The mark that vouches for both, of an entry that has one. */
  readonly proof?: string;
}

/** Entries in a reply of XREADGROUP on one stream; one that was deleted meanwhile has no fields. */
export function decodeRead(reply: Reply): Entry[] {
  return itemsOf(itemsOf(itemsOf(reply)[0])[1]).map((entry) => {
    const [id, fields] = itemsOf(entry);
    return decodeEntry(textOf(id), itemsOf(fields) as Bulk[]);
  });
}

/** Sorts the flat list of names and values into the user's and the runtime's own. */
export function decodeEntry(id: string, flat: readonly Bulk[]): Entry {
  if (!hasRuntimeFields(flat)) return { id, fields: flat, attempt: 1, xid: id };
  const user: Bulk[] = [];
  const own = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [name, value] = [flat[at] as Bulk, flat[at + 1] as Bulk];
    if (isRuntimeField(name)) own.set(textOf(name), textOf(value));
    else user.push(name, value);
  }
  const attempt = Number(own.get(runtimeFields.attempt) ?? 1);
  const proof = own.get(runtimeFields.proof);
  return {
    id,
    fields: user,
    attempt: Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1,
    xid: own.get(runtimeFields.xid) ?? id,
    ...(proof === undefined ? {} : { proof }),
  };
}

/** What an entry takes, in bytes. */
export function sizeOf({ fields }: Entry): number {
  let bytes = 0;
  for (const part of fields) bytes += part.length;
  return bytes;
}

/**
 * The fields that decide whether a request runs; of a name given twice the last value counts. A reference that is no
 * UTF-8 is none: as text it would be another one, and its reply would go to another key.
 */
export function headOf({ fields }: Pick<Entry, 'fields'>): RequestHead {
  let [ref, type, workerUrl]: (string | undefined)[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at];
    if (name === requestFields.ref) ref = exactText(fields[at + 1]);
    else if (name === requestFields.type) type = textOf(fields[at + 1]);
    else if (name === requestFields.workerUrl) workerUrl = textOf(fields[at + 1]);
  }
  return { ref, type, workerUrl };
}

/** True for an entry of a response stream, as a worker writes it. */
export function isResponse(entry: Entry): boolean {
  return ['xid', 'code', 'res'].every((field) => valueOf(entry, field) !== undefined);
}

/** The user's fields as text; of a name given twice the last value counts. */
export function userFields(entry: Entry): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < entry.fields.length; at += 2) {
    const name = textOf(entry.fields[at]);
    if (name !== requestFields.ref && name !== requestFields.type && name !== requestFields.workerUrl) {
      fields[name] = textOf(entry.fields[at + 1]);
    }
  }
  return fields;
}

/** The last value of one field, as it came. */
export function valueOf(entry: Entry, field: string): Bulk | undefined {
  for (let at = entry.fields.length - 2; at >= 0; at -= 2) {
    if (textOf(entry.fields[at]) === field) return entry.fields[at + 1];
  }
  return undefined;
}

/** The bytes of one field. */
export function bytesOf(entry: Entry, field: string): Uint8Array | undefined {
  const value = valueOf(entry, field);
  return typeof value === 'string' ? encoder.encode(value) : value;
}

/** True when `one` was added before `other`. */
export function isEarlier(one: string, other: string): boolean {
  const [oneMs = '0', oneSequence = '0'] = one.split('-');
  const [otherMs = '0', otherSequence = '0'] = other.split('-');
  return oneMs === otherMs ? BigInt(oneSequence) < BigInt(otherSequence) : BigInt(oneMs) < BigInt(otherMs);
}

/** The id just below `id`: reading "after" it starts with `id` itself. */
export function idBefore(id: string): string {
  const [ms = '0', seq = '0'] = id.split('-');
  if (BigInt(seq) > 0n) return `${ms}-${BigInt(seq) - 1n}`;
  return BigInt(ms) > 0n ? `${BigInt(ms) - 1n}-18446744073709551615` : '0-0';
}

const encoder = new TextEncoder();
const exactDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text whose bytes are exactly these; undefined when there is none. */
function exactText(value: Bulk | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  try {
    return exactDecoder.decode(value);
  } catch {
    return undefined;
  }
}

function isRuntimeField(name: Bulk): boolean {
  return (typeof name === 'string' ? name : decodeText(name)).startsWith(runtimeFieldPrefix);
}

function hasRuntimeFields(flat: readonly Bulk[]): boolean {
  for (let at = 0; at < flat.length; at += 2) {
    if (isRuntimeField(flat[at] as Bulk)) return true;
  }
  return false;
}
