/** What a script threw, in the words people know from the engine that ran such scripts first. */

/** The text of a thrown value: `ReferenceError: 'x' is not defined`, a string as it is, `[object Object]`. */
export function describeError(thrown: unknown): string {
  try {
    return inKnownWords(String(thrown)).slice(0, 4096);
  } catch {
    return 'Error: a value was thrown that cannot be shown';
  }
}

function inKnownWords(text: string): string {
  return text.replace(/^ReferenceError: (\S+) is not defined$/, "ReferenceError: '$1' is not defined");
}

/** What a script that cannot be parsed fails with: `(anonymous): Unexpected token =`. */
export function describeSyntaxError(error: unknown): string {
  const text = describeError(error).replace(/^SyntaxError: /, '').replace(
    /^Unexpected token '(.*)'$/,
    'Unexpected token $1',
  );
  return `${scriptName}: ${text}`;
}

/** What errors call the script. */
export const scriptName = '(anonymous)';
