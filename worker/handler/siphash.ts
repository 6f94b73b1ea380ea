/** SipHash-2-4: 64 bits nobody can make without the key. Small, and there at once, as the platform's own are not. Pure. */

/** A key: 128 bits, as two numbers. */
export type SipKey = readonly [bigint, bigint];

const mask = (1n << 64n) - 1n;
const rotate = (value: bigint, by: bigint) => ((value << by) | (value >> (64n - by))) & mask;

/** The hash of a message. */
export function sipHash([k0, k1]: SipKey, message: Uint8Array): bigint {
  const state: [bigint, bigint, bigint, bigint] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  for (const word of wordsOf(message)) {
    state[3] ^= word;
    round(state, 2);
    state[0] ^= word;
  }
  state[2] ^= 0xffn;
  round(state, 4);
  return state[0] ^ state[1] ^ state[2] ^ state[3];
}

/** Words of 64 bits, lowest byte first; the last one ends with the length. */
function wordsOf(message: Uint8Array): bigint[] {
  const padded = new Uint8Array((Math.floor(message.length / 8) + 1) * 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  const view = new DataView(padded.buffer);
  return Array.from({ length: padded.length / 8 }, (_, at) => view.getBigUint64(at * 8, true));
}

function round(state: [bigint, bigint, bigint, bigint], times: number): void {
  let [v0, v1, v2, v3] = state;
  for (let at = 0; at < times; at++) {
    v0 = (v0 + v1) & mask;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & mask;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  }
  [state[0], state[1], state[2], state[3]] = [v0, v1, v2, v3];
}
