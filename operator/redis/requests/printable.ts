/** Bytes of anybody, made fit for a terminal. */
import { isUtf8 } from 'node:buffer';

/** Characters that are not seen, or that move the cursor; and what would read as quoted already. */
const unfit = /[\p{C}\p{Zl}\p{Zp}]|^"|^\s|\s$|^$/u;

const escapes: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** Printable UTF-8 as it is; anything else in quotes, byte for byte, as redis-cli writes and reads it. */
export function printable(bytes: Buffer): string {
  const text = bytes.toString();
  return isUtf8(bytes) && !unfit.test(text) ? text : `"${Array.from(bytes, quotedByte).join('')}"`;
}

/** At most `max` characters; the last is an ellipsis when there were more. */
export function shortened(text: string, max: number): string {
  const characters = Array.from(text);
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}

function quotedByte(byte: number): string {
  const escape = escapes[byte];
  if (escape !== undefined) return escape;
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}
