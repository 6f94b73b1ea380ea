/** Whether lines for people carry colours. */
import { styleText } from 'node:util';

/** True for a terminal, unless NO_COLOR, FORCE_COLOR=0 or TERM=dumb say no; true for a file or pipe only when FORCE_COLOR says so. */
export function wantsColours(stream: NodeJS.WritableStream): boolean {
  return styleText('bold', 'x', { stream }) !== 'x';
}
