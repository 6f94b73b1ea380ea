/** Words that what is told of requests and of tasks has in common. */
import { decodeResponse } from '../../../contract/response.ts';
import { runtimeFields } from '../../../contract/runtime-fields.ts';
import { formatAge } from '../../age.ts';
import { printable, shortened } from './printable.ts';
import { type FoundEntry, millisecondsOf } from './trace-search.ts';

const valueLength = 200;

/** What became of it, in one word. */
export type Outcome = 'Answered' | 'Dead' | 'Running' | 'Scheduled' | 'Waiting' | 'Finished' | 'Traced' | 'Unknown';

/** The word, and the sentence. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly sentence: string;
}

/** A response, but for what it says. */
export function responseText(entry: FoundEntry): string {
  const { consumer, attempt, ms } = decoded(entry) ?? {};
  return [
    codeText(entry),
    ...(consumer === undefined ? [] : [`by consumer "${consumer}"`]),
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    ...(ms === undefined ? [] : [`${ms} ms`]),
  ].join(', ');
}

/** Its code. */
export function codeText(entry: FoundEntry): string {
  const code = decoded(entry)?.code;
  return code === undefined ? 'no code' : `code ${code}`;
}

function decoded({ fields }: FoundEntry): ReturnType<typeof decodeResponse> {
  return decodeResponse(Object.fromEntries([...fields].map(([name, value]) => [name, value.toString()])));
}

/** Why an entry is a dead letter. */
export function reasonOf({ fields }: FoundEntry): string {
  const [reason, attempts] = [fields.get(runtimeFields.reason), fields.get(runtimeFields.attempts)];
  const after = attempts === undefined ? '' : ` (attempt ${printable(attempts)})`;
  return `${reason === undefined ? 'no reason is told' : shortened(printable(reason), valueLength)}${after}`;
}

/** How long a key will live. */
export function lifeText({ ttlMs }: { readonly ttlMs?: number }): string {
  return ttlMs === undefined ? '' : ` for another ${formatAge(ttlMs / 1000)}`;
}

/** A value, fit for a terminal. */
export function valueText(value: Buffer): string {
  return shortened(printable(value), valueLength);
}

/** The age of an entry. */
export function ago(id: string, now: number): string {
  return `${formatAge((now - millisecondsOf(id)) / 1000)} ago`;
}
