/** Which of the 16,384 slots of a Cluster a key lies in. Pure. */

/** Slots of a Cluster. */
export const slotCount = 16_384;

const polynomial = 0x1021;
const utf8 = new TextEncoder();

/** The slot of a key: that of its hash tag, when it has one. */
export function slotOf(key: string): number {
  return crc16(utf8.encode(hashedPart(key))) % slotCount;
}

/** CRC-16/XMODEM, as the specification of the Cluster asks for. */
function crc16(bytes: Uint8Array): number {
  table ??= makeTable();
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (table[((crc >> 8) ^ byte) & 0xff] ?? 0);
  return crc;
}

/** Made when it is first asked for: a worker on one server starts without it. */
let table: readonly number[] | undefined;

function makeTable(): readonly number[] {
  return Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ polynomial : crc << 1;
    return crc & 0xffff;
  });
}

/** What is between the first `{` and the first `}` behind it, unless that is nothing. */
function hashedPart(key: string): string {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}
