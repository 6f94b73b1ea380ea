/** Reads what a container has written, bounded: it may be a program nobody has to trust. */
import { type ObjectRef, resources } from '../cluster.ts';
import type { Http } from './http.ts';
import { objectPath, withQuery } from './wire.ts';

/** How long a log may take to arrive, in ms. */
const deadlineMs = 60_000;

/** The log of a container of a pod, of so many bytes from its beginning. @throws ClusterError */
export async function readLog(
  http: Http,
  pod: ObjectRef,
  { container, bytes }: { readonly container: string; readonly bytes: number },
): Promise<string> {
  const path = withQuery(`${objectPath(resources.pods, pod)}/log`, { container, limitBytes: bytes });
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of await http.stream(path, AbortSignal.timeout(deadlineMs))) {
    pieces.push(piece);
    size += piece.length;
    if (size >= bytes) break;
  }
  return Buffer.concat(pieces).subarray(0, bytes).toString();
}
