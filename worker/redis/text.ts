/** Bytes as text. */

const decoder = new TextDecoder();

/** Up to this length, a loop over the bytes costs less than a call of the decoder. */
const shortLength = 48;

/** UTF-8 bytes to text; bytes that are no UTF-8 become replacement characters. */
export function decodeText(bytes: Uint8Array): string {
  return textBetween(bytes, 0, bytes.length);
}

/** {@link decodeText} of the bytes from `from` to `to`. */
export function textBetween(bytes: Uint8Array, from: number, to: number): string {
  return (to - from <= shortLength ? asciiBetween(bytes, from, to) : undefined) ??
    decoder.decode(bytes.subarray(from, to));
}

/**
 * Bytes that are nothing but ASCII, where that is to be had for little: of long ones that do not begin so, as images do
 * not, no more than the beginning is looked at. Undefined for any other.
 */
export function asciiTextBetween(bytes: Uint8Array, from: number, to: number): string | undefined {
  const begins = asciiBetween(bytes, from, Math.min(to, from + shortLength));
  if (begins === undefined || to - from <= shortLength) return begins;
  const text = decoder.decode(bytes.subarray(from, to));
  return text.length === to - from && !text.includes('\ufffd') ? text : undefined;
}

/** Bytes that are nothing but ASCII; undefined for any other. For short ones. */
function asciiBetween(bytes: Uint8Array, from: number, to: number): string | undefined {
  let text = '';
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
