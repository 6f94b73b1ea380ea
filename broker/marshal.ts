/** Values on their way: what cannot be cloned is taken apart here, and put together again on the other side. */
import { packError, unpackError } from './errors.ts';
import type { Mark, MarkKind, Packed } from './messages.ts';
import type { Streams } from './streams.ts';

/** Takes apart the requests, responses, streams and errors among the values. @throws TypeError for a body that was read */
export function pack(values: readonly unknown[], streams: Streams): Packed {
  let marks: Mark[] | undefined;
  let packed: unknown[] | undefined;
  for (const [index, value] of values.entries()) {
    const kind = kindOf(value);
    if (kind === undefined) continue;
    packed ??= [...values];
    packed[index] = packers[kind](value, streams);
    (marks ??= []).push([index, kind]);
  }
  return marks === undefined ? { values } : { values: packed ?? values, marks };
}

/** Puts them together again. @throws TypeError, RangeError for parts that do not fit */
export function unpack({ values, marks }: Packed, streams: Streams): unknown[] {
  const unpacked = [...values];
  for (const [index, kind] of marks ?? []) {
    if (index < unpacked.length && Object.hasOwn(unpackers, kind)) {
      unpacked[index] = unpackers[kind](unpacked[index], streams);
    }
  }
  return unpacked;
}

/** The same for another channel, and nothing else that came with it: streams are passed on, all else stays packed. */
export function repack(packed: Packed, from: Streams, to: Streams): Packed {
  if (packed.marks === undefined) return { values: packed.values };
  const values = [...packed.values];
  for (const [index, kind] of packed.marks) {
    if (kind === 'ReadableStream') values[index] = to.send(from.receive(Number(values[index])));
    else if (kind === 'Request' || kind === 'Response') {
      const { body, ...head } = values[index] as Head;
      values[index] = body === undefined ? head : { ...head, body: to.send(from.receive(body)) };
    }
  }
  return { values, marks: packed.marks };
}

interface Head {
  readonly headers: [string, string][];
  /** Which stream it is. */
  readonly body?: number;
}
interface RequestHead extends Head {
  readonly url: string;
  readonly method: string;
  readonly redirect: RequestRedirect;
}
interface ResponseHead extends Head {
  readonly status: number;
  readonly statusText: string;
}

function kindOf(value: unknown): MarkKind | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof Response) return 'Response';
  if (value instanceof Request) return 'Request';
  if (value instanceof Error) return 'Error';
  return value instanceof ReadableStream ? 'ReadableStream' : undefined;
}

type Packer = (value: never, streams: Streams) => unknown;

const packers = {
  Request: ({ url, method, redirect, headers, body }: Request, streams) =>
    ({ url, method, redirect, headers: [...headers], ...bodyOf(body, streams) }) satisfies RequestHead,
  Response: ({ status, statusText, headers, body }: Response, streams) =>
    ({ status, statusText, headers: [...headers], ...bodyOf(body, streams) }) satisfies ResponseHead,
  ReadableStream: (stream: ReadableStream, streams) => streams.send(stream),
  Error: (error: Error) => packError(error),
} satisfies Record<MarkKind, Packer> as unknown as Record<MarkKind, (value: unknown, streams: Streams) => unknown>;

const unpackers = {
  Request: ({ url, body, ...init }: RequestHead, streams) =>
    new Request(url, { ...init, ...(body === undefined ? {} : { body: streams.receive(body) }) }),
  Response: ({ status, statusText, headers, body }: ResponseHead, streams) =>
    status === 0
      ? Response.error()
      : new Response(body === undefined ? null : streams.receive(body), { status, statusText, headers }),
  ReadableStream: (id: number, streams) => streams.receive(id),
  Error: (error: unknown) => unpackError(error),
} satisfies Record<MarkKind, Packer> as unknown as Record<MarkKind, (value: unknown, streams: Streams) => unknown>;

function bodyOf(body: ReadableStream | null, streams: Streams): { body?: number } {
  return body === null ? {} : { body: streams.send(body) };
}
