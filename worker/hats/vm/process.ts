/** Carries out the orders of the host, one after the other, until there is nobody to give any. */
import { createContext, Script } from 'node:vm';
import { describeFailure, parsed, scriptName } from './errors.ts';
import type { Operation, Order, Surroundings } from './messages.ts';
import { ask, command, nextOrder, tell } from './pipe.ts';
import { prelude } from './prelude.ts';
import { underscore } from './underscore.ts';

/** Longest line a script may log. */
const mostLogged = 16 * 1024;

/** Compiled once: each context is furnished by it. */
const furnish = new Script(prelude, { filename: 'redisworker' });

/** Compiled when a script first asks for it. */
let library: Script | undefined;

/** The context of the script that runs. */
let current: object | undefined;

/** Reads orders until stdin ends. */
export function runOrders(): void {
  let context: object | undefined;
  tell({ say: 'ready' });
  for (let order = nextOrder(); order !== undefined; order = nextOrder()) {
    try {
      if (order.do === 'load') context = load(order);
      else if (order.do === 'call') call(context, order.name);
      tell({ say: 'done', ...(order.do === 'answer' ? { result: answer(order) } : {}) });
    } catch (error) {
      tell({ say: 'failed', ...describeFailure(error) });
    }
  }
}

function load({ source, around }: Extract<Order, { do: 'load' }>): object {
  const { context } = furnished(around);
  compile(source, { line: 0, column: 0 }).runInContext(context);
  return context;
}

/** Writes and runs the parts of an endpoint, one after the other. @returns what came of it, as JSON */
function answer({ parts, around }: Extract<Order, { do: 'answer' }>): string {
  const { context, answering } = furnished(around);
  if (answering === undefined) throw new Error('there is nothing to answer');
  for (const part of parts) {
    if ('script' in part) compile(part.script, part).runInContext(context);
    else answering.write(part.text);
  }
  return answering.result();
}

/** Of the context of a script that answers: text goes in, text comes out. */
interface Answering {
  write(text: string): void;
  result(): string;
}

function furnished(around: Surroundings): { readonly context: object; readonly answering: Answering | undefined } {
  // Without a prototype of ours nothing leads from the global of a script to this side.
  const context = createContext(Object.create(null) as object);
  current = context;
  const begin = furnish.runInContext(context) as (
    link: Link,
    redis: typeof redisLink,
    around: string,
  ) => Answering | undefined;
  return { context, answering: begin(link, redisLink, JSON.stringify(around)) };
}

/** @param at where in the source it begins, so that errors tell lines of that */
function compile(script: string, { line, column }: { readonly line: number; readonly column: number }): Script {
  return parsed(() => new Script(script, { filename: scriptName, lineOffset: line, columnOffset: column }));
}

function call(context: object | undefined, name: string): void {
  if (context === undefined) throw new Error('no script was loaded');
  new Script(`typeof ${name} === 'function' && ${name}(), undefined`, { filename: 'redisworker' }).runInContext(
    context,
  );
}

/**
 * This and {@link redisLink} are all of this side that a script's context is given, and only the prelude has them: text
 * goes in and text comes out, so that no object of this side ever gets to a script.
 */
type Link = (operation: string, args: string) => string;

const link: Link = (operation, args) => {
  try {
    if (operation === 'library') {
      library ??= new Script(underscore, { filename: 'underscore' });
      if (current) library.runInContext(current);
      return '{}';
    }
    if (operation === 'log') {
      const [level, text] = JSON.parse(args) as ['info' | 'warn' | 'error', string];
      tell({ say: 'log', level, text: text.slice(0, mostLogged) });
      return '{}';
    }
    return ask(operation as Operation, args);
  } catch {
    return '{"end":true}'; // the stack is full, or nobody listens any more
  }
};

/** For commands alone, whose words are told one by one. */
function redisLink(...words: string[]): string {
  try {
    if (words.some((word) => typeof word !== 'string')) throw new TypeError('a word is a text');
    return command(words);
  } catch {
    return '{"end":true}';
  }
}
