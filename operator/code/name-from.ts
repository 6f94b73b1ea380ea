/** How a file is named to its author. Pure. */
import { relative } from 'node:path';

/** The way from a folder to a path, or the path itself when it leads far out of it. */
export function nameFrom(folder: string, path: string): string {
  const way = relative(folder, path);
  return way === '' || way.startsWith('../../') ? path : way;
}
