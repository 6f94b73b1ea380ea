/** The memory of a container, as its Deno is told of it. */
import { bytesOf } from '../../api/quantity.ts';

/** MiB beyond which it makes no difference to V8: 1 TiB. */
const most = 2n ** 20n;

/** MiB of a quantity such as `128Mi`, `0.5Gi`, `1e9` or `134217728`; undefined when it is none, at most 1 TiB. */
export function memoryMiB(quantity: string | number): number | undefined {
  const bytes = bytesOf(quantity);
  if (bytes === undefined) return undefined;
  const mebibytes = bytes / 2n ** 20n;
  return Number(mebibytes > most ? most : mebibytes);
}
