/**
 * An outcome as one line of a pod's log, which is all that comes out of a pod without rights. Compressed, so that 8 MiB of
 * code fit into what a node keeps of a log, and with a digest, since a node cuts a log that grows too long. Pure.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readOutcome, type ResolveOutcome } from './outcome.ts';

const mark = 'redisworker-code';

/** Characters of a line: a node keeps 10 MiB of a log, with some words of its own for every 16 KiB. */
export const maxLineLength = 9 * 1024 * 1024;

/** Bytes an outcome may have: code of 8 MiB and its source map, as JSON. */
const maxOutcomeBytes = 64 * 1024 * 1024;

/** The line for an outcome; a source map that does not fit is left out, and code that does not is refused. */
export function resultLine(outcome: ResolveOutcome, longest = maxLineLength): string {
  const line = lineOf(outcome);
  if (line.length <= longest || outcome.kind !== 'resolved') return line;
  const bare = lineOf({ ...outcome, map: '' });
  if (bare.length <= longest) return bare;
  return lineOf({
    kind: 'refused',
    reason: 'SourceTooLarge',
    sentence:
      `${outcome.entry} and what it imports cannot be compressed to the ${longest} bytes that come out of a Job: import less, or load what is no code when it is needed`,
  });
}

function lineOf(outcome: ResolveOutcome): string {
  const packed = gzipSync(JSON.stringify(outcome), { level: 9 }).toString('base64');
  return `${mark} ${digestOf(packed)} ${packed}`;
}

/** The outcome in a log; undefined when there is no whole one. */
export function readResultLine(log: string): ResolveOutcome | undefined {
  for (const line of log.split('\n')) {
    const [word, digest, packed = ''] = line.trimEnd().split(' ');
    if (word !== mark || digest !== digestOf(packed)) continue;
    return unpacked(packed);
  }
  return undefined;
}

function unpacked(packed: string): ResolveOutcome | undefined {
  try {
    return readOutcome(
      gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: maxOutcomeBytes }).toString(),
    );
  } catch {
    return undefined;
  }
}

function digestOf(packed: string): string {
  return createHash('sha256').update(packed).digest('hex');
}
