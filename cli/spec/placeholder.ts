/** Values in a spec that stand for what is not known beforehand. Pure. */
import { anyKinds } from './schema.ts';

/** What stands in the place of a value. */
export type Placeholder =
  | { readonly kind: (typeof anyKinds)[number] }
  | { readonly kind: 'matches'; readonly pattern: RegExp }
  | { readonly kind: 'contains'; readonly value: object };

const words = ['$any', '$matches', '$contains'] as const;

/** The placeholder a value is; undefined for a value that means itself. Of one that is wrong see {@link placeholderFault}. */
export function placeholderOf(value: unknown): Placeholder | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const [[word, argument] = [], ...more] = Object.entries(value) as [string, unknown][];
  if (more.length > 0) return undefined;
  if (word === '$any') return { kind: argument as (typeof anyKinds)[number] };
  if (word === '$matches') return { kind: 'matches', pattern: new RegExp(argument as string, 'u') };
  return word === '$contains' ? { kind: 'contains', value: argument as object } : undefined;
}

/** What is wrong with a map that has a word of a placeholder. */
export function placeholderFault(value: object): string | undefined {
  const keys = Object.keys(value).filter((key) => key.startsWith('$'));
  const [word] = keys;
  if (word === undefined || Array.isArray(value)) return undefined;
  if (!words.some((one) => one === word)) return `there is no placeholder ${word}: there are ${words.join(', ')}`;
  if (Object.keys(value).length > 1) return `${word} stands alone in its map`;
  const argument = (value as Record<string, unknown>)[word];
  if (word === '$any') {
    const isKnown = anyKinds.some((kind) => kind === argument);
    return isKnown ? undefined : `$any takes one of ${anyKinds.join(', ')}`;
  }
  if (word === '$matches') return isPattern(argument) ? undefined : '$matches takes a regular expression in quotes';
  return typeof argument === 'object' && argument !== null ? undefined : '$contains takes a map or a list';
}

function isPattern(argument: unknown): boolean {
  try {
    return typeof argument === 'string' && new RegExp(argument, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

/** Whether a value is one of those the placeholder stands for; `contains` is looked into by whoever asks. */
export function standsFor(placeholder: Exclude<Placeholder, { kind: 'contains' }>, value: unknown): boolean {
  switch (placeholder.kind) {
    case 'value':
      return value !== undefined;
    case 'uuid':
      return typeof value === 'string' && uuid.test(value);
    case 'time':
      return typeof value === 'string' && time.test(value) && !Number.isNaN(Date.parse(value));
    case 'matches':
      return typeof value === 'string' && placeholder.pattern.test(value);
    default:
      return typeof value === placeholder.kind;
  }
}

/** As a difference names it. */
export function nameOf(placeholder: Exclude<Placeholder, { kind: 'contains' }>): string {
  if (placeholder.kind === 'matches') return `text that matches ${placeholder.pattern.source}`;
  return {
    value: 'any value',
    string: 'any text',
    number: 'any number',
    boolean: 'true or false',
    uuid: 'any UUID',
    time: 'any ISO 8601 time',
  }[
    placeholder.kind
  ];
}
