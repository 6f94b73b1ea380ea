/** Whether lines for people carry colours. */
import { WriteStream } from 'node:tty';

/**
 * True for a terminal, unless NO_COLOR, FORCE_COLOR=0 or TERM=dumb say no; true for a file or pipe only when FORCE_COLOR
 * says so. As the styleText of Node decides, which older ones of Node 20 do not have.
 */
export function wantsColours(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }): boolean {
  // eslint-disable-next-line no-restricted-syntax -- the convention of all programs, and no setting of this one
  const isForced = process.env['FORCE_COLOR'] !== undefined;
  return (isForced || stream.isTTY === true) && WriteStream.prototype.getColorDepth() > 2;
}
