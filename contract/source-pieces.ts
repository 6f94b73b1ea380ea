/**
 * How files too large for one ConfigMap lie in several: compressed with gzip and cut into pieces, each a key whose name
 * tells what it is a piece of. Pure.
 */

/** What the name of a piece tells. */
export interface Piece {
  /** Name of the file it is of. */
  readonly file: string;
  /** Which it is, counted from 1. */
  readonly place: number;
  readonly of: number;
}

/** `worker.js.gz.2-of-3`. */
export function pieceName({ file, place, of }: Piece): string {
  return `${file}.gz.${place}-of-${of}`;
}

/** What a key is a piece of; undefined when it is none. */
export function readPieceName(name: string): Piece | undefined {
  const [, file, place, of] = /^(.+)\.gz\.([1-9]\d?)-of-([1-9]\d?)$/.exec(name) ?? [];
  return file === undefined ? undefined : { file, place: Number(place), of: Number(of) };
}

/** A piece in a sentence. */
export function pieceInWords({ file, place, of }: Piece): string {
  return `part ${place} of ${of} of ${file}`;
}

/** Pieces by their file, in the order they were found in. */
export function piecesByFile<T extends Piece>(pieces: readonly T[]): ReadonlyMap<string, readonly T[]> {
  return Map.groupBy(pieces, ({ file }) => file);
}

/** The first piece of a file that is not there; undefined when the file is whole. */
export function missingPiece(pieces: readonly Piece[]): Piece | undefined {
  const [first] = pieces;
  if (first === undefined) return undefined;
  const places = Array.from({ length: first.of }, (_, at) => ({ ...first, place: at + 1 }));
  return places.find(({ place, of }) => !pieces.some((piece) => piece.place === place && piece.of === of));
}
