/** Files as ConfigMaps hold them: as they are where one holds all of them, else compressed and in pieces. Pure. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { maxConfigMapBytes, maxSourceParts } from '../../contract/limits.ts';
import {
  missingPiece,
  type Piece,
  pieceInWords,
  pieceName,
  piecesByFile,
  readPieceName,
} from '../../contract/source-pieces.ts';

/** What one ConfigMap holds, in its own words. */
export interface Part {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** Files by name. */
export type Files = Readonly<Record<string, string>>;

/** The ConfigMaps for these files; undefined when they are too many. The same files give the same parts. */
export function pack(files: Files): readonly Part[] | undefined {
  const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes <= maxConfigMapBytes) return [{ data: files }];
  const parts: { binaryData: Record<string, string> }[] = [];
  let room = 0;
  for (const [file, text] of Object.entries(files)) {
    const packed = compressed(text);
    const cuts: Buffer[] = [];
    const holders: Record<string, string>[] = [];
    for (let at = 0; at < packed.length;) {
      if (room === 0) {
        parts.push({ binaryData: {} });
        room = maxConfigMapBytes;
      }
      const cut = packed.subarray(at, at + room);
      cuts.push(cut);
      holders.push(parts.at(-1)?.binaryData ?? {});
      at += cut.length;
      room -= cut.length;
    }
    for (const [at, holder] of holders.entries()) {
      holder[pieceName({ file, place: at + 1, of: cuts.length })] = cuts[at]?.toString('base64') ?? '';
    }
  }
  return parts.length > maxSourceParts ? undefined : parts;
}

function compressed(text: string): Buffer {
  return gzipped(Buffer.from(text));
}

/** Without what tells on which system it was made. */
export function gzipped(content: Buffer): Buffer {
  const packed = gzipSync(content, { level: 9 });
  packed[9] = 255;
  return packed;
}

/** A ConfigMap in which pieces are looked for. */
export interface Holder extends Part {
  readonly name: string;
}

interface FoundPiece extends Piece {
  readonly holder: string;
  readonly content: string;
}

/** The files that were made whole again, or why they cannot be. */
export type Unpacked =
  | { readonly ok: true; readonly files: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly problem: string };

/** True when there are pieces of a file. */
export function isPacked(holders: readonly Part[]): boolean {
  return holders.some(({ binaryData = {} }) => Object.keys(binaryData).some((key) => readPieceName(key) !== undefined));
}

/**
 * Makes the files of their pieces, which are in order when their ConfigMaps are.
 * @param maxBytes what a file may have; a longer one is not made
 */
export function unpack(holders: readonly Holder[], maxBytes: (file: string) => number): Unpacked {
  const found = holders.flatMap(({ name, binaryData = {} }) =>
    Object.entries(binaryData).flatMap(([key, content]): FoundPiece[] => {
      const piece = readPieceName(key);
      return piece === undefined ? [] : [{ ...piece, holder: name, content }];
    })
  );
  const files = new Map<string, string>();
  for (const [file, pieces] of piecesByFile(found)) {
    const problem = whyNotWhole(pieces);
    if (problem !== undefined) return { ok: false, problem };
    const made = decompressed(pieces, maxBytes(file));
    if (!made.ok) return { ok: false, problem: `${file} of ${namesOf(pieces)} ${made.why}` };
    files.set(file, made.text);
  }
  return { ok: true, files };
}

function decompressed(
  pieces: readonly FoundPiece[],
  maxBytes: number,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string } {
  const packed = Buffer.concat(pieces.map(({ content }) => Buffer.from(content, 'base64')));
  try {
    return { ok: true, text: gunzipSync(packed, { maxOutputLength: maxBytes }).toString() };
  } catch (error) {
    const isLong = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    return { ok: false, why: isLong ? `is larger than ${maxBytes} bytes` : 'cannot be decompressed' };
  }
}

function whyNotWhole(pieces: readonly FoundPiece[]): string | undefined {
  const missing = missingPiece(pieces);
  if (missing !== undefined) return `${pieceInWords(missing)} is in none of them`;
  const at = pieces.findIndex(({ place }, index) => place !== index + 1);
  const wrong = pieces[at];
  if (wrong === undefined) return undefined;
  return `ConfigMap "${wrong.holder}" holds ${pieceInWords(wrong)} where part ${at + 1} should be`;
}

function namesOf(pieces: readonly FoundPiece[]): string {
  return [...new Set(pieces.map(({ holder }) => `ConfigMap "${holder}"`))].join(', ');
}
