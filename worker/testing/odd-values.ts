/** Values user code could throw, return or log to break whoever reads them: the same ones in every run. */

const boom = (): never => {
  throw new Error('read');
};
const throwsBare = (): never => {
  throw Object.create(null);
};
const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const traps = { get: boom, has: boom, getPrototypeOf: boom, ownKeys: boom, getOwnPropertyDescriptor: boom };

/** Leaves that are odd by themselves. */
const leaves: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => 5,
  () => NaN,
  () => 12n,
  () => '',
  () => 'x'.repeat(100_000),
  () => '\u001b[31mred\u001b[0m\ud800',
  () => Symbol('s'),
  () => boom,
  () => Object.create(null),
  () => ({ code: 42 }),
  () => ({ toJSON: boom }),
  () => ({ toJSON: throwsBare }),
  () => ({ toString: boom, valueOf: boom }),
  () => ({ [Symbol.toPrimitive]: boom }),
  () => ({ [Symbol.for('Deno.customInspect')]: boom, [Symbol.for('nodejs.util.inspect.custom')]: throwsBare }),
  () => ({
    get [Symbol.toStringTag]() {
      return boom();
    },
  }),
  () => ({
    get then() {
      return boom();
    },
  }),
  () => ({ then: boom }),
  () => new Proxy({}, traps),
  () => new Proxy(new Error('inside'), traps),
  () => new Proxy(() => {}, traps),
  () => revoked({}),
  () => revoked(new Error('gone')),
  () => revoked(() => {}),
  () => new Map([[1, 2]]),
  () => new Set([1]),
  () => [new Map()],
  () => new Date(NaN),
  () => new Uint8Array(3),
  () => {
    const a: unknown[] = [];
    a.push(a);
    return a;
  },
];

/** Properties that are read from what is thrown or returned. */
const names = ['message', 'name', 'stack', 'cause', 'code', 'body', 'then', 'toJSON', 'constructor'];
const brands = [Symbol.for('redisworker.Reply'), Symbol.for('redisworker.DoNotRetry')];
const holders: readonly (() => object)[] = [
  () => new Error('x'),
  () => new TypeError(),
  () => ({}),
  () => Object.create(null),
  () => new DOMException('d'),
  () => new AggregateError([1], 'many'),
];

/** Every leaf, then `count` objects with odd properties, some of them getters that throw. */
export function oddValues(count: number, seed = 7): unknown[] {
  const random = mulberry32(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const odd = (): unknown => {
    const holder = pick(holders)();
    for (let at = Math.floor(random() * 5); at > 0; at--) {
      const name = random() < 0.2 ? pick(brands) : pick(names);
      const leaf = pick(leaves);
      const property = random() < 0.3 ? { get: random() < 0.5 ? boom : leaf } : { value: leaf(), writable: true };
      Object.defineProperty(holder, name, { configurable: true, enumerable: random() < 0.5, ...property });
    }
    return random() < 0.1 ? new Proxy(holder, random() < 0.5 ? {} : { get: throwsBare }) : holder;
  };
  return [...leaves.map((leaf) => leaf()), ...Array.from({ length: count }, odd)];
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
