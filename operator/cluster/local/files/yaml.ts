/**
 * YAML documents as kubectl reads them: YAML 1.1 by the rules of the Go library it uses, where `010` is 8, `no` is
 * false, `<<` merges and the last word wins. What that library would take silently and nobody can mean, such as a
 * key given twice, is refused. Pure.
 */
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';

/** One document of a file: its value, or what is wrong with it. Lines count from 1, from the top of the file. */
export type YamlDocument =
  | { readonly ok: true; readonly value: unknown; readonly line: number; lineOf(path: readonly PropertyKey[]): number }
  | { readonly ok: false; readonly line: number; readonly problem: string };

/** Every document of a text; those without content are left out. A broken one is none of the others' business. */
export function readYaml(text: string): readonly YamlDocument[] {
  return split(text).flatMap((chunk) => ('problem' in chunk ? [chunk] : readDocument(chunk) ?? []));
}

interface Chunk {
  readonly text: string;
  /** Lines of the file before it. */
  readonly above: number;
}

/** A line that begins with `---` ends a document wherever it stands, also inside a text that is not closed. */
function split(text: string): (Chunk | Extract<YamlDocument, { ok: false }>)[] {
  const parts: (Chunk | Extract<YamlDocument, { ok: false }>)[] = [];
  let from = 0;
  const lines = text.split('\n');
  const end = (at: number) => parts.push({ text: lines.slice(from, at).join('\n'), above: from });
  for (const [at, line] of lines.entries()) {
    if (!line.startsWith('---')) continue;
    end(at);
    from = at + 1;
    if (/^---\s*(#.*)?$/.test(line)) continue;
    parts.push({ ok: false, line: at + 1, problem: 'write "---" on a line of its own; a document begins below it' });
  }
  end(lines.length);
  return parts;
}

function readDocument({ text, above }: Chunk): YamlDocument | undefined {
  const lines = new LineCounter();
  const lineAt = (offset: number) => above + lines.linePos(offset).line;
  try {
    const document: Document = parseDocument(text, {
      version: '1.1',
      schema: 'failsafe',
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter: lines,
    });
    const [error] = document.errors;
    if (error !== undefined) {
      return { ok: false, line: lineAt(error.pos[0]), problem: `this is not YAML: ${error.message}` };
    }
    if (document.contents === null) return undefined;
    const value = new Reading().value(document.contents);
    const line = lineAt(document.contents.range?.[0] ?? 0);
    if (value === null) return undefined;
    return { ok: true, value, line, lineOf: (path) => lineAt(offsetOf(document, path)) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, line: lineAt(error.offset), problem: error.message };
    if (error instanceof RangeError) return { ok: false, line: above + 1, problem: 'this is nested too deeply' };
    throw error;
  }
}

/** Where the value at a path begins; the beginning of the document where it cannot be told. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  const node: unknown = document.getIn(path.map(String), true);
  return (node as Node | undefined)?.range?.[0] ?? document.contents?.range?.[0] ?? 0;
}

/** Thrown inside a document; never leaves this file. */
class Refusal extends Error {
  readonly offset: number;
  constructor(node: Node | undefined, message: string) {
    super(message);
    this.offset = node?.range?.[0] ?? 0;
  }
}

/** Values one document may have: aliases of aliases could ask for more than there is memory. */
const maxValues = 100_000;

/** Anything the parser makes of a document. */
type Any = Node | null | undefined;

/** One document, turned into a value from the top down. */
class Reading {
  readonly #anchors = new Map<string, { readonly node: Node; isOpen: boolean }>();
  /** What each alias meant where it was written: the same anchor may be given again below. */
  readonly #targets = new Map<Alias, Node>();
  readonly #known = new Set<Node>();
  #values = 0;

  value(node: Any): unknown {
    this.#values += 1;
    if (this.#values > maxValues) throw new Refusal(node ?? undefined, `this has more than ${maxValues} values`);
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.value(this.#target(node));
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) throw new Refusal(node, 'this is not a value');
    return this.#anchored(node, () => {
      if (isScalar(node)) return scalar(node);
      if (isMap(node)) return Object.fromEntries(this.#mapping(node));
      return node.items.map((item) => this.value(item as Any));
    });
  }

  #anchored(node: Scalar | YAMLMap | YAMLSeq, read: () => unknown): unknown {
    if (node.anchor === undefined || this.#known.has(node)) return read();
    this.#known.add(node);
    const entry = { node, isOpen: true };
    this.#anchors.set(node.anchor, entry);
    const value = read();
    entry.isOpen = false;
    return value;
  }

  #target(alias: Alias): Node {
    const known = this.#targets.get(alias);
    if (known !== undefined) return known;
    const entry = this.#anchors.get(alias.source);
    if (entry === undefined) throw new Refusal(alias, `there is no anchor "&${alias.source}" above this alias`);
    if (entry.isOpen) throw new Refusal(alias, `the anchor "&${alias.source}" contains itself`);
    this.#targets.set(alias, entry.node);
    return entry.node;
  }

  /** In the order they are written, as Go does it: a merge overwrites what stands before it. */
  #mapping(map: YAMLMap): Map<string, unknown> {
    const result = new Map<string, unknown>();
    const given = new Set<string>();
    for (const { key, value } of map.items as Pair<Any, Any>[]) {
      if (isMergeKey(key)) {
        this.#merge(value, result);
        continue;
      }
      const name = keyText(this.value(key), key ?? map);
      if (given.has(name)) throw new Refusal(key ?? map, `the key "${name}" is given twice`);
      given.add(name);
      result.set(name, this.value(value));
    }
    return result;
  }

  /** The first of several maps counts most. */
  #merge(value: Any, into: Map<string, unknown>): void {
    const target = isAlias(value) ? this.#target(value) : value;
    const sources = isSeq(target) ? [...target.items as Any[]].reverse() : [target];
    for (const source of sources) {
      const found = isAlias(source) ? this.#target(source) : source;
      if (!isMap(found)) throw new Refusal(value ?? undefined, 'the value of "<<" must be a map or a list of maps');
      for (const [key, merged] of Object.entries(this.value(found) as object)) into.set(key, merged);
    }
  }
}

function isMergeKey(key: Any): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
}

function keyText(key: unknown, node: Node): string {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean') return String(key);
  throw new Refusal(node, 'a key must be text');
}

const words = new Map<string, unknown>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);
const notANumber = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
const integer = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9]\d*)$/;
const decimal = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;

function scalar(node: Scalar): unknown {
  const text = String(node.value);
  if (node.tag === undefined) return node.type === 'PLAIN' ? plain(text, node) : text;
  switch (node.tag) {
    case '!':
    case 'tag:yaml.org,2002:str':
      return text;
    case 'tag:yaml.org,2002:int':
    case 'tag:yaml.org,2002:float':
      return tagged(plain(text, node), 'number', node);
    case 'tag:yaml.org,2002:bool':
      return tagged(plain(text, node), 'boolean', node);
    default:
      throw new Refusal(node, `the tag ${node.tag} is not read here; leave it out`);
  }
}

function tagged(value: unknown, type: string, node: Node): unknown {
  if (typeof value === type) return value;
  throw new Refusal(node, `this is no ${type}, as its tag says`);
}

/** What a word without quotes means. */
function plain(text: string, node: Node): unknown {
  if (words.has(text)) return words.get(text);
  if (notANumber.test(text)) throw new Refusal(node, `${text} is no number; put it in quotes if it is text`);
  if (!/^[-+.\d]/.test(text)) return text;
  const digits = text.replaceAll('_', '');
  const [, sign, whole] = integer.exec(digits) ?? [];
  if (whole !== undefined) {
    const number = Number(whole.replace(/^0(?=[0-7]+$)/, '0o')) * (sign === '-' ? -1 : 1);
    if (Number.isSafeInteger(number)) return number + 0; // no negative zero
    throw new Refusal(node, `${text} is too large a number to be kept exactly; put it in quotes if it is text`);
  }
  const float = decimal.test(digits) ? Number(digits) : Infinity;
  return Number.isFinite(float) ? float + 0 : text;
}
