/** The source of an endpoint: text with scripts in it. */
import type { Part } from '../vm/messages.ts';

const [opening, closing] = ['<?', '?>'];

/**
 * Its parts. A script ends at `?>`, and what comes before the first `<?` is one too where it has such an end; a `<?` that
 * has none is left out, and what follows it is text.
 */
export function partsOf(source: string): Part[] {
  let at = 0;
  return source.split(opening).flatMap((chunk): Part[] => {
    const begin = at;
    at += chunk.length + opening.length;
    const end = chunk.indexOf(closing);
    if (end < 0) return text(chunk);
    return [{ script: chunk.slice(0, end), ...placeOf(source, begin) }, ...text(chunk.slice(end + closing.length))];
  });
}

function text(of: string): Part[] {
  return of === '' ? [] : [{ text: of }];
}

function placeOf(source: string, at: number): { line: number; column: number } {
  const before = source.slice(0, at).split('\n');
  return { line: before.length - 1, column: before.at(-1)?.length ?? 0 };
}
