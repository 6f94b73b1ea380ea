/** The commands of README.md and docs/: each block of them, the scenario that runs it, and the output it promises. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** A fenced `sh` block of a page. */
export interface Block {
  /** The page, from the project's folder: `docs/install.md`. */
  readonly page: string;
  /** Line of its first command. */
  readonly line: number;
  /** Scenario named by the last `<!-- run: … -->` above it; undefined when there is none. */
  readonly scenario: string | undefined;
  /** It runs until Ctrl-C, in a terminal of its own: `<!-- run: … in another terminal -->`. */
  readonly inAnotherTerminal: boolean;
  /** The commands as they stand. */
  readonly commands: string;
  /** What a `text` block right below promises to be printed, `…` for what may vary. */
  readonly output: string | undefined;
}

/** All pages with commands that people type. */
export function pages(): readonly string[] {
  return ['README.md', ...globSync('docs/**/*.md', { cwd: root, exclude: ['docs/adr/**'] }).sort()];
}

/** The blocks of a page, in their order. @param page from the project's folder */
export function blocks(page: string): readonly Block[] {
  return blocksOf(page, readFileSync(join(root, page), 'utf8'));
}

/** The blocks of one scenario on the pages, in the order of both. */
export function scenario(name: string, onPages: readonly string[] = pages()): readonly Block[] {
  return onPages.flatMap(blocks).filter((block) => block.scenario === name);
}

/** A file a page shows under its name: `<!-- file: worker.yaml -->` above it. */
export interface ShownFile {
  readonly name: string;
  readonly text: string;
}

/** The files a page shows. @param page from the project's folder */
export function files(page: string): readonly ShownFile[] {
  return [...readFileSync(join(root, page), 'utf8').matchAll(/<!-- file: (\S+) -->\n\n```\w+\n(.*?)```/gs)].map((
    [, name = '', text = ''],
  ) => ({ name, text }));
}

const mark = /^\s*<!-- run: (\S+)( in another terminal)? -->$/;
const fence = /^(\s*)```(\w*)/;

/** The blocks of the text of a page. Pure. */
export function blocksOf(page: string, text: string): readonly Block[] {
  const found: Block[] = [];
  let place: Pick<Block, 'scenario' | 'inAnotherTerminal'> = { scenario: undefined, inAnotherTerminal: false };
  let before: Part | undefined;
  for (const part of partsOf(text.split('\n'))) {
    const last = found.at(-1);
    if (part.kind === 'mark') place = part;
    else if (part.language === 'sh') {
      found.push({ page, line: part.line, ...place, commands: part.text, output: undefined });
      place = { ...place, inAnotherTerminal: false };
    } else if (
      part.language === 'text' && part.follows && before?.kind === 'fence' && before.language === 'sh' && last
    ) {
      found[found.length - 1] = { ...last, output: part.text };
    }
    before = part;
  }
  return found;
}

type Part =
  | { readonly kind: 'mark'; readonly scenario: string; readonly inAnotherTerminal: boolean }
  | {
    readonly kind: 'fence';
    readonly language: string;
    readonly line: number;
    readonly text: string;
    /** Nothing but empty lines stands between it and what is above. */
    readonly follows: boolean;
  };

/** The comments that name a scenario, and everything that is fenced. */
function* partsOf(lines: readonly string[]): Generator<Part> {
  let follows = false;
  for (let at = 0; at < lines.length; at += 1) {
    const [, scenario, apart] = mark.exec(lines[at]!) ?? [];
    const [, indent = '', language] = fence.exec(lines[at]!) ?? [];
    if (scenario !== undefined) yield { kind: 'mark', scenario, inAnotherTerminal: apart !== undefined };
    if (language !== undefined) {
      const end = lines.findIndex((one, later) => later > at && one.trim() === '```');
      const text = lines.slice(at + 1, end).map((one) => one.slice(indent.length)).join('\n');
      yield { kind: 'fence', language, line: at + 2, text, follows };
      [at, follows] = [end, true];
    } else if (lines[at]!.trim() !== '') follows = false;
  }
}

/** What is printed, as a pattern: `…` stands for anything in a line, alone on a line for any lines. */
export function promised(output: string): RegExp {
  const lines = output.trimEnd().split('\n').map((line) =>
    line.trim() === '…' ? '(?:.*\\n)*?' : `${line.trimEnd().split('…').map(escaped).join('.*')}[ \\t]*\\n`
  );
  return new RegExp(`(?:^|\\n)${lines.join('')}`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ {2,}/g, ' +');
}
