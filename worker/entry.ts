/** Entries of the request stream, with the user's values as the bytes they are. */
import { runtimeFieldPrefix, runtimeFields } from '../contract/runtime-fields.ts';
import { decodeText, type Reply } from './resp.ts';

/** An entry as it was delivered. */
export interface Entry {
  readonly id: string;
  /** Name, value, name, value… without the runtime's own fields. */
  readonly fields: readonly Uint8Array[];
  /** Which attempt this is, counted from 1. */
  readonly attempt: number;
  /** Entry id of the first attempt. */
  readonly xid: string;
}

/** Text of a bulk string or status; numbers as decimal text, anything else as ''. */
export function textOf(reply: Reply | undefined): string {
  if (reply instanceof Uint8Array) return decodeText(reply);
  return typeof reply === 'string' || typeof reply === 'number' ? String(reply) : '';
}

/** Items of an array; none when the reply is no array. */
export function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}

/** Entries in a reply of XREADGROUP on one stream; one that was deleted meanwhile has no fields. */
export function decodeRead(reply: Reply): Entry[] {
  return itemsOf(itemsOf(itemsOf(reply)[0])[1]).map((entry) => {
    const [id, fields] = itemsOf(entry);
    return decodeEntry(textOf(id), itemsOf(fields) as Uint8Array[]);
  });
}

/** Sorts the flat list of names and values into the user's and the runtime's own. */
export function decodeEntry(id: string, flat: readonly Uint8Array[]): Entry {
  if (!hasRuntimeFields(flat)) return { id, fields: flat, attempt: 1, xid: id };
  const user: Uint8Array[] = [];
  const own = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [name, value] = [flat[at] as Uint8Array, flat[at + 1] as Uint8Array];
    if (isRuntimeField(name)) own.set(decodeText(name), decodeText(value));
    else user.push(name, value);
  }
  const attempt = Number(own.get(runtimeFields.attempt) ?? 1);
  return { id, fields: user, attempt: Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1, xid: own.get(runtimeFields.xid) ?? id };
}

/** The fields as text; of a name given twice the last value counts. */
export function textFields(entry: Entry): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < entry.fields.length; at += 2) {
    fields[decodeText(entry.fields[at] as Uint8Array)] = decodeText(entry.fields[at + 1] as Uint8Array);
  }
  return fields;
}

/** The bytes of one field. */
export function bytesOf(entry: Entry, field: string): Uint8Array | undefined {
  for (let at = 0; at + 1 < entry.fields.length; at += 2) {
    if (decodeText(entry.fields[at] as Uint8Array) === field) return entry.fields[at + 1];
  }
  return undefined;
}

/** The id just below `id`: reading "after" it starts with `id` itself. */
export function idBefore(id: string): string {
  const [ms = '0', seq = '0'] = id.split('-');
  if (BigInt(seq) > 0n) return `${ms}-${BigInt(seq) - 1n}`;
  return BigInt(ms) > 0n ? `${BigInt(ms) - 1n}-18446744073709551615` : '0-0';
}

const prefix = new TextEncoder().encode(runtimeFieldPrefix);

function isRuntimeField(name: Uint8Array): boolean {
  return prefix.every((byte, at) => name[at] === byte);
}

function hasRuntimeFields(flat: readonly Uint8Array[]): boolean {
  for (let at = 0; at < flat.length; at += 2) {
    if (isRuntimeField(flat[at] as Uint8Array)) return true;
  }
  return false;
}
