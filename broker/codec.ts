/**
 * Values as bytes and back, by the rules of structured clone: shared and cyclic references stay what they are, functions
 * are refused. Text where JSON says all of it, a list of nodes that name each other where it does not; buffers go behind.
 * What comes back may have been made by whomever: it is read without trust. Pure.
 */

/** A value as bytes: the text, then the buffers. */
export interface Encoded {
  readonly text: string;
  readonly blobs: readonly Uint8Array[];
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Node = Json;

/** Objects that plain JSON is tried for. */
const plainLimit = 10_000;

/** @throws DOMException for what cannot be cloned */
export function encode(value: unknown): Encoded {
  if (isPlain(value, new Set())) return { text: `j${JSON.stringify(value)}`, blobs: [] };
  const writer = new Writer();
  writer.add(value);
  return { text: `n${JSON.stringify(writer.nodes)}`, blobs: writer.blobs };
}

/** @throws SyntaxError, TypeError, RangeError for what encode does not write */
export function decode({ text, blobs }: Encoded): unknown {
  if (text.startsWith('j')) return JSON.parse(text.slice(1));
  const nodes: unknown = JSON.parse(text.slice(1));
  if (!Array.isArray(nodes)) throw new TypeError('nodes are a list');
  return new Reader(nodes, blobs).read(0);
}

/** Whether JSON gives it back as it is. */
function isPlain(value: unknown, seen: Set<unknown>): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || seen.has(value) || seen.size >= plainLimit) return false;
  seen.add(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isPlain(value[index], seen)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in value) return false;
  for (const key in value) if (!isPlain((value as Record<string, unknown>)[key], seen)) return false;
  return true;
}

const views = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
} as const;
const errors = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError } as const;
const uncloneable = [Promise, WeakMap, WeakSet, WeakRef, SharedArrayBuffer, ReadableStream, MessagePort] as const;

class Writer {
  readonly nodes: Node[] = [];
  readonly blobs: Uint8Array[] = [];
  readonly #places = new Map<unknown, number>();

  /** @returns its place among the nodes */
  add(value: unknown): number {
    const known = this.#places.get(value);
    if (known !== undefined) return known;
    const place = this.nodes.push(null) - 1;
    if (typeof value === 'object' && value !== null) this.#places.set(value, place);
    this.nodes[place] = this.#node(value);
    return place;
  }

  #node(value: unknown): Node {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : ['number', Object.is(value, -0) ? '-0' : `${value}`];
      case 'undefined':
        return ['undefined'];
      case 'bigint':
        return ['bigint', `${value}`];
      case 'object':
        return value === null ? null : this.#object(value);
      default:
        throw new DOMException(`${String(value)} could not be cloned.`, 'DataCloneError');
    }
  }

  #object(value: object): Node {
    if (Array.isArray(value)) {
      return ['array', ...Array.from(value, (item: unknown, index) => (index in value ? this.add(item) : -1))];
    }
    if (value instanceof Map) return ['map', ...[...value].flat().map((item) => this.add(item))];
    if (value instanceof Set) return ['set', ...[...value].map((item) => this.add(item))];
    if (value instanceof Date) return ['date', this.add(value.getTime())];
    if (value instanceof RegExp) return ['regexp', value.source, value.flags];
    if (value instanceof ArrayBuffer) return ['buffer', this.blobs.push(new Uint8Array(value)) - 1];
    if (ArrayBuffer.isView(value)) return this.#view(value);
    if (value instanceof Error) return this.#error(value);
    if (value instanceof Boolean || value instanceof Number || value instanceof String) {
      return ['boxed', this.add(value.valueOf())];
    }
    if (uncloneable.some((type) => value instanceof type)) {
      throw new DOMException(`${Object.prototype.toString.call(value)} could not be cloned.`, 'DataCloneError');
    }
    return ['object', ...Object.entries(value).flatMap(([key, item]) => [key, this.add(item)])];
  }

  #view(value: ArrayBufferView): Node {
    const name = Object.keys(views).find((key) => value instanceof views[key as keyof typeof views]);
    if (name === undefined) throw new DOMException('this view could not be cloned.', 'DataCloneError');
    // A view is sent with what it shows alone: the buffer behind it may be far larger.
    const shown = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return ['view', name, this.blobs.push(shown) - 1];
  }

  #error(error: Error): Node {
    const type = Object.keys(errors).find((key) =>
      key !== 'Error' && error instanceof errors[key as keyof typeof errors]
    );
    const cause = 'cause' in error ? [this.add(error.cause)] : [];
    return ['error', type ?? 'Error', error.message, error.stack ?? '', ...cause];
  }
}

class Reader {
  readonly #nodes: readonly unknown[];
  readonly #blobs: readonly Uint8Array[];
  readonly #made = new Map<number, unknown>();

  constructor(nodes: readonly unknown[], blobs: readonly Uint8Array[]) {
    this.#nodes = nodes;
    this.#blobs = blobs;
  }

  read(place: unknown): unknown {
    const index = Number(place);
    if (!Number.isInteger(index) || index < 0 || index >= this.#nodes.length) {
      throw new TypeError('there is no such node');
    }
    if (this.#made.has(index)) return this.#made.get(index);
    const node = this.#nodes[index];
    if (!Array.isArray(node)) return node;
    const [tag, ...parts] = node as unknown[];
    return this.#make(index, tag, parts);
  }

  #keep<T>(index: number, value: T): T {
    this.#made.set(index, value);
    return value;
  }

  #make(index: number, tag: unknown, parts: readonly unknown[]): unknown {
    switch (tag) {
      case 'undefined':
        return undefined;
      case 'number':
        return Number(parts[0]);
      case 'bigint':
        return BigInt(String(parts[0]));
      case 'array':
        return this.#array(this.#keep(index, new Array<unknown>(parts.length)), parts);
      case 'object':
        return this.#object(this.#keep(index, {}), parts);
      case 'map': {
        const map = this.#keep(index, new Map<unknown, unknown>());
        for (let at = 0; at + 1 < parts.length; at += 2) map.set(this.read(parts[at]), this.read(parts[at + 1]));
        return map;
      }
      case 'set': {
        const set = this.#keep(index, new Set<unknown>());
        for (const part of parts) set.add(this.read(part));
        return set;
      }
      default:
        return this.#keep(index, this.#leaf(tag, parts));
    }
  }

  #array(array: unknown[], parts: readonly unknown[]): unknown[] {
    for (const [at, part] of parts.entries()) if (part !== -1) array[at] = this.read(part);
    return array;
  }

  #object(object: object, parts: readonly unknown[]): object {
    for (let at = 0; at + 1 < parts.length; at += 2) {
      const value = this.read(parts[at + 1]);
      Object.defineProperty(object, String(parts[at]), { value, writable: true, enumerable: true, configurable: true });
    }
    return object;
  }

  #leaf(tag: unknown, parts: readonly unknown[]): unknown {
    switch (tag) {
      case 'date':
        return new Date(Number(this.read(parts[0])));
      case 'regexp':
        return new RegExp(String(parts[0]), String(parts[1]));
      case 'boxed':
        return Object(this.read(parts[0]));
      case 'buffer':
        return this.#blob(parts[0]).buffer;
      case 'view': {
        const name = String(parts[0]);
        if (!Object.hasOwn(views, name)) throw new TypeError('there is no such view');
        const View: new (buffer: ArrayBuffer) => ArrayBufferView = views[name as keyof typeof views];
        return new View(this.#blob(parts[1]).buffer);
      }
      case 'error': {
        const [type, message, stack, cause] = parts;
        const Type = Object.hasOwn(errors, String(type)) ? errors[type as keyof typeof errors] : Error;
        const error = new Type(String(message), cause === undefined ? {} : { cause: this.read(cause) });
        return Object.defineProperty(error, 'stack', { value: String(stack), writable: true, configurable: true });
      }
      default:
        throw new TypeError('there is no such kind of node');
    }
  }

  /** A copy that has a buffer to itself. */
  #blob(place: unknown): Uint8Array<ArrayBuffer> {
    const blob = this.#blobs[Number(place)];
    if (blob === undefined) throw new TypeError('there is no such buffer');
    return new Uint8Array(blob);
  }
}
