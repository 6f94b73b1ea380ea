/** Errors on their way: what they are made into, and made of again, so that type, name, code and cause arrive. */
import { BrokerError, type BrokerErrorCode } from './broker-error.ts';

/** An error as it travels. */
export interface PackedError {
  /** The class it is made of again: the nearest one that both sides have. */
  readonly type: string;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: PackedError | Primitive;
  /** Of an AggregateError. */
  readonly errors?: readonly (PackedError | Primitive)[];
  /** What else it says of itself, `code` for example. */
  readonly fields: readonly (readonly [string, Primitive])[];
}

type Primitive = string | number | bigint | boolean | null | undefined;

/** Causes of causes that are told. */
const depthLimit = 8;
/** Errors of an AggregateError, and fields of an error, that are told. */
const countLimit = 100;

const classes: ReadonlyMap<string, new (message: string) => Error> = new Map([
  ...Object.entries(Deno.errors),
  ...Object.entries({ TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError }),
]);

export function packError(error: Error, depth = 0): PackedError {
  const cause = depth < depthLimit && 'cause' in error ? packPart(error.cause, depth) : undefined;
  return {
    type: typeOf(error),
    name: String(error.name),
    message: String(error.message),
    ...(typeof error.stack === 'string' ? { stack: error.stack } : {}),
    ...(cause === undefined ? {} : { cause }),
    ...(error instanceof AggregateError
      ? { errors: error.errors.slice(0, countLimit).map((one) => packPart(one, depth)) }
      : {}),
    fields: Object.entries(error).filter(isTold).slice(0, countLimit) as [string, Primitive][],
  };
}

function packPart(value: unknown, depth: number): PackedError | Primitive {
  if (value instanceof Error) return packError(value, depth + 1);
  return isPrimitive(value) ? value : String(value);
}

function isTold([key, value]: readonly [string, unknown]): boolean {
  return isPrimitive(value) && !['name', 'message', 'stack', 'cause', 'errors'].includes(key);
}

function isPrimitive(value: unknown): value is Primitive {
  return value === null || !['object', 'function', 'symbol'].includes(typeof value);
}

function typeOf(error: Error): string {
  if (error instanceof BrokerError) return 'BrokerError';
  if (error instanceof DOMException) return 'DOMException';
  if (error instanceof AggregateError) return 'AggregateError';
  for (const [name, type] of classes) if (error instanceof type) return name;
  return 'Error';
}

/** @param packed as it came, from whomever */
export function unpackError(packed: unknown, depth = 0): Error {
  const { type, name, message, stack, cause, errors, fields } = fieldsOf(packed);
  const error = make(String(type), String(message), String(name), { errors, fields, depth });
  if (error.name !== String(name)) define(error, 'name', String(name));
  if (typeof stack === 'string') define(error, 'stack', stack);
  if (cause !== undefined) define(error, 'cause', unpackPart(cause, depth));
  for (const [key, value] of entriesOf(fields)) {
    if (isTold([key, value])) Object.defineProperty(error, key, { value, ...open, enumerable: true });
  }
  return error;
}

interface Told {
  readonly errors: unknown;
  readonly fields: unknown;
  readonly depth: number;
}

function make(type: string, message: string, name: string, { errors, fields, depth }: Told): Error {
  if (type === 'DOMException') return new DOMException(message, name);
  if (type === 'BrokerError') {
    const [, code] = entriesOf(fields).find(([key]) => key === 'code') ?? [];
    return new BrokerError(code as BrokerErrorCode, message);
  }
  if (type === 'AggregateError') {
    return new AggregateError((Array.isArray(errors) ? errors : []).map((one) => unpackPart(one, depth)), message);
  }
  return new (classes.get(type) ?? Error)(message);
}

function unpackPart(value: unknown, depth: number): unknown {
  if (isPrimitive(value)) return value;
  return depth < depthLimit ? unpackError(value, depth + 1) : undefined;
}

const open = { writable: true, configurable: true } as const;

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, ...open, enumerable: false });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {};
}

function entriesOf(fields: unknown): readonly [string, unknown][] {
  if (!Array.isArray(fields)) return [];
  return fields.filter((field) => Array.isArray(field) && typeof field[0] === 'string') as [string, unknown][];
}
