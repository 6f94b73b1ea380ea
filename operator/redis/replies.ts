/** Decoding of RESP2 replies: what comes from Redis is `unknown` until it passed through here. */

/** An entry of a stream. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** An array of anything; no array counts as empty. */
export function items(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}

/** An array of strings; other elements become their text. */
export function strings(reply: unknown): string[] {
  return items(reply).map(text);
}

/** Names and values by turns, or an object, as a record of strings (without a prototype: any name may come). */
export function records(reply: unknown): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  if (Array.isArray(reply)) {
    for (let at = 0; at + 1 < reply.length; at += 2) record[text(reply[at])] = text(reply[at + 1]);
  } else {
    for (const [name, value] of fieldsOf(reply)) record[name] = text(value);
  }
  return record;
}

/** Names and values by turns, or an object, with the values as they came. */
export function fieldsOf(reply: unknown): Map<string, unknown> {
  if (typeof reply === 'object' && reply !== null && !Array.isArray(reply)) return new Map(Object.entries(reply));
  const flat = items(reply);
  const fields = new Map<string, unknown>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(text(flat[at]), flat[at + 1]);
  return fields;
}

/** Entries as XRANGE gives them; deleted entries (nil) are left out. */
export function entries(reply: unknown): StreamEntry[] {
  return items(reply).flatMap((entry) => {
    const [id, fields] = items(entry);
    return id === undefined || fields === null ? [] : [{ id: text(id), fields: records(fields) }];
  });
}

/** Streams with their new entries, as XREAD gives them. */
export function streamReads(reply: unknown): (readonly [stream: string, entries: StreamEntry[]])[] {
  return items(reply).map((read) => {
    const [stream, found] = items(read);
    return [text(stream), entries(found)] as const;
  });
}

/** A number, also when it came as text; undefined for anything else. */
export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : undefined;
}

/** The text of a bulk string or number; empty for nil and for arrays. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
}
