/**
 * Makes one file of a module that lies in compressed pieces, before anything of it runs: a module large enough for that is
 * more than one ConfigMap holds.
 */
import { maxBundleBytes, maxSourceMapBytes } from '../../contract/limits.ts';
import { env } from '../../contract/pod.ts';
import { missingPiece, type Piece, pieceInWords, piecesByFile, readPieceName } from '../../contract/source-pieces.ts';
import { FatalError } from './fatal.ts';
import { messageOf } from './foreign.ts';
import { type ReadEnv, required } from './settings.ts';

interface FoundPiece extends Piece {
  readonly path: string;
}

/** What is to be made, of what. */
export interface PackedSource {
  /** Path of the module, in a folder that may be written. */
  readonly path: string;
  /** Folder with the pieces. */
  readonly pieces: string;
  /** `sha256-<hex>` the module must have. */
  readonly digest: string;
}

/** What is to be done in this pod; undefined when the module is there as it is. */
export function readPackedSource(readEnv: ReadEnv): PackedSource | undefined {
  const pieces = readEnv(env.sourcePieces);
  if (!pieces) return undefined;
  return { pieces, path: required(env.source, readEnv), digest: required(env.sourceDigest, readEnv) };
}

/**
 * Does it, and gives up the right to write there.
 * @throws FatalError when a piece is missing, or the module is not the one whose digest is known
 */
export async function joinSource({ path, pieces: from, digest }: PackedSource): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf('/'));
  const name = path.slice(folder.length + 1);
  try {
    await Deno.mkdir(folder, { recursive: true });
    const files = piecesByFile(piecesIn(from));
    if (!files.has(name)) throw new FatalError('badSource', `there is no part of ${name} in ${from}`);
    for (const [file, pieces] of files) {
      const isModule = file === name;
      const bytes = await whole(pieces, isModule ? maxBundleBytes : maxSourceMapBytes);
      if (isModule) await check(bytes, digest);
      await Deno.writeFile(`${folder}/${file}`, bytes);
    }
  } catch (cause) {
    if (cause instanceof FatalError) throw cause;
    throw new FatalError('failed', `the module ${name} cannot be made of its parts: ${messageOf(cause)}`, { cause });
  }
  Deno.permissions.revokeSync({ name: 'write', path: folder });
}

function piecesIn(folder: string): FoundPiece[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    const piece = readPieceName(name);
    return piece === undefined ? [] : [{ ...piece, path: `${folder}/${name}` }];
  });
}

async function whole(pieces: readonly FoundPiece[], maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const missing = missingPiece(pieces);
  if (missing !== undefined) throw new FatalError('badSource', `${pieceInWords(missing)} is missing`);
  const inOrder = pieces.toSorted((one, other) => one.place - other.place).map(({ path }) => path);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of ReadableStream.from(contentsOf(inOrder)).pipeThrough(new DecompressionStream('gzip'))) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) throw new FatalError('badSource', `${pieces[0]?.file} has more than ${maxBytes} bytes`);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

async function* contentsOf(paths: readonly string[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const path of paths) yield await Deno.readFile(path);
}

async function check(bytes: Uint8Array<ArrayBuffer>, expected: string): Promise<void> {
  const found = `sha256-${new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex()}`;
  if (found === expected) return;
  throw new FatalError('badSource', `the parts of the module have the digest ${found}, and ${expected} was asked for`);
}
