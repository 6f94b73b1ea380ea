/** What a script threw, in the words people know from the engine that ran such scripts first, and where. */
import type { ScriptFailure } from '../../../contract/hats.ts';

/** What errors call the script. */
export const scriptName = '(anonymous)';

const frame = /^\s+at (?:.*\()?\(anonymous\):(\d+):(\d+)\)?$/m;

/** A script that cannot be parsed. */
export class Unparsable {
  readonly failure: ScriptFailure;

  constructor(failure: ScriptFailure) {
    this.failure = failure;
  }
}

/** What was thrown: `ReferenceError: 'x' is not defined`, a string as it is, `[object Object]`. */
export function describeFailure(thrown: unknown): ScriptFailure {
  if (thrown instanceof Unparsable) return thrown.failure;
  const at = placeOf(thrown);
  return { error: describe(thrown), ...(at === undefined ? {} : { at }) };
}

function describe(thrown: unknown): string {
  try {
    return inKnownWords(String(thrown)).slice(0, 4096);
  } catch {
    return 'Error: a value was thrown that cannot be shown';
  }
}

function inKnownWords(text: string): string {
  return text.replace(/^ReferenceError: (\S+) is not defined$/, "ReferenceError: '$1' is not defined");
}

/** The innermost line of the script an error came through. What is no error has none. */
function placeOf(thrown: unknown): string | undefined {
  try {
    const { stack } = thrown as { readonly stack?: unknown };
    const [, line, column] = (typeof stack === 'string' ? frame.exec(stack) : null) ?? [];
    return line === undefined ? undefined : `${line}:${column}`;
  } catch {
    return undefined;
  }
}

/** Compiles a script. @throws Unparsable, with a text such as `(anonymous): Line 1:5 Unexpected token =` */
export function parsed<T>(compile: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // with frames of ours an error no longer tells the place in the script
  try {
    return compile();
  } catch (error) {
    throw new Unparsable(describeSyntaxError(error));
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function describeSyntaxError(error: unknown): ScriptFailure {
  const text = describe(error).replace(/^SyntaxError: /, '').replace(
    /^Unexpected token '(.*)'$/,
    'Unexpected token $1',
  );
  const at = placeInSource(error);
  return at === undefined ? { error: `${scriptName}: ${text}` } : { error: `${scriptName}: Line ${at} ${text}`, at };
}

/** Where the parser stood: no property tells it, but whoever is told of the error is told that too. */
function placeInSource(error: unknown): string | undefined {
  let place: string | undefined;
  const hear = (event: ErrorEvent): void => {
    event.preventDefault();
    if (event.filename === scriptName) place = `${event.lineno}:${event.colno}`;
  };
  addEventListener('error', hear);
  reportError(error);
  removeEventListener('error', hear);
  return place;
}
