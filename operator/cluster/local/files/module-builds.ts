/**
 * The modules that manifests name by `source.file`, each made one file, and made anew when anything it follows from has
 * changed on disk. What cannot be made leaves the last good one. Types take longer than all the rest: new code is tried
 * while they are checked, and given up for the last good one when they are wrong.
 */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Bundle, BundleOutcome } from '../../../code/bundle.ts';
import type { CodeUse } from '../../../code/use.ts';

/** Bundles the module at an absolute path. */
export type BundleModule = (entry: string, use: CodeUse) => Promise<BundleOutcome>;

/**
 * Checks the types of the module at an absolute path; gives one sentence about what is wrong.
 * @param beside ends a check that nobody waits for; absent: it is waited for
 */
export type CheckTypes = (entry: string, beside?: AbortSignal) => Promise<string | undefined>;

/** What builds are made with. */
export interface ModuleTools {
  readonly bundle: BundleModule;
  /** Without it types are not checked. */
  readonly checkTypes?: CheckTypes | undefined;
  /** Called when types have turned out to be wrong. */
  readonly onChecked?: (() => void) | undefined;
}

/** What there is of a module. */
export interface BuiltModule {
  /** What is to run; undefined when nothing could be made yet. */
  readonly bundle: Bundle | undefined;
  /** Why it is not the module as it is now. */
  readonly problem: string | undefined;
}

/** Nothing was made yet, and nothing is wrong. */
export const unbuilt: BuiltModule = { bundle: undefined, problem: undefined };

interface Build extends BuiltModule {
  /** The last whose types were right. */
  readonly good: Bundle | undefined;
  readonly use: CodeUse;
  /** Everything it follows from, and how that was when it was made. */
  readonly stamps: ReadonlyMap<string, string>;
}

/** A check that runs beside the code it is about. */
interface Check {
  readonly ending: AbortController;
  readonly done: Promise<void>;
}

/** Written beside a module, they change what its imports mean. */
const settings = ['deno.json', 'deno.jsonc', 'package.json', 'deno.lock'];

/** Remembers what it has made. */
export class ModuleBuilds {
  readonly #tools: ModuleTools;
  #builds = new Map<string, Build>();
  readonly #checks = new Map<string, Check>();
  #isToldAll = true;

  constructor(tools: ModuleTools) {
    this.#tools = tools;
  }

  /** Makes exactly these modules, those anew that have changed. */
  async update(entries: ReadonlyMap<string, CodeUse>): Promise<void> {
    this.#isToldAll = true;
    for (const entry of this.#checks.keys()) if (!entries.has(entry)) await this.#stopCheck(entry);
    await Promise.all([...entries].map(([entry, use]) => this.#bring(entry, use)));
    for (const entry of this.#builds.keys()) if (!entries.has(entry)) this.#builds.delete(entry);
  }

  /** False when something has changed since. */
  async isCurrent(): Promise<boolean> {
    const all = await Promise.all([...this.#builds.values()].map(isCurrent));
    return this.#isToldAll && all.every((one) => one);
  }

  of(entry: string): BuiltModule {
    return this.#builds.get(entry) ?? unbuilt;
  }

  /** Folders in which a change may matter. */
  folders(): readonly string[] {
    const files = [...this.#builds.values()].flatMap(({ stamps }) => [...stamps.keys()]);
    return [...new Set(files.map((file) => dirname(file)))];
  }

  /** Ends the checks that run. */
  async close(): Promise<void> {
    for (const entry of [...this.#checks.keys()]) await this.#stopCheck(entry);
  }

  async #bring(entry: string, use: CodeUse): Promise<void> {
    const known = this.#builds.get(entry);
    if (known?.use === use && await isCurrent(known)) return;
    await this.#stopCheck(entry); // of files that are others now
    const good = known?.good;
    const { outcome, stamps } = await this.#make(entry, use, known);
    if (!outcome.ok) {
      this.#builds.set(entry, { bundle: good, good, problem: outcome.problem, use, stamps });
      return;
    }
    const made = { bundle: outcome.bundle, good, problem: undefined, use, stamps };
    const { checkTypes } = this.#tools;
    if (checkTypes === undefined) this.#builds.set(entry, judged(made, undefined));
    else if (good === undefined) {
      this.#builds.set(entry, judged(made, await checkTypes(entry))); // there is nothing to go back to
    } else {
      this.#builds.set(entry, made);
      this.#checkBeside(entry, made, checkTypes);
    }
  }

  async #make(
    entry: string,
    use: CodeUse,
    known: Build | undefined,
  ): Promise<{ readonly outcome: BundleOutcome; readonly stamps: Build['stamps'] }> {
    const before = await stampsOf([...known?.stamps.keys() ?? [], ...filesBeside(entry)]);
    const since = Date.now();
    const outcome = await this.#tools.bundle(entry, use);
    const after = await stampsOf([...new Set([...outcome.files, ...filesBeside(entry)])], since);
    return { outcome, stamps: new Map([...after].map(([file, stamp]) => [file, before.get(file) ?? stamp])) };
  }

  #checkBeside(entry: string, made: Build, checkTypes: CheckTypes): void {
    const ending = new AbortController();
    const done = checkTypes(entry, ending.signal).then((problem) => {
      if (ending.signal.aborted) return;
      this.#checks.delete(entry);
      this.#builds.set(entry, judged(made, problem));
      if (problem === undefined) return;
      this.#isToldAll = false;
      this.#tools.onChecked?.();
    });
    this.#checks.set(entry, { ending, done });
  }

  async #stopCheck(entry: string): Promise<void> {
    const check = this.#checks.get(entry);
    this.#checks.delete(entry);
    check?.ending.abort();
    await check?.done;
  }
}

function judged(made: Build, problem: string | undefined): Build {
  return problem === undefined ? { ...made, good: made.bundle } : { ...made, bundle: made.good, problem };
}

function filesBeside(entry: string): readonly string[] {
  return [entry, ...settings.map((name) => join(dirname(entry), name))];
}

async function isCurrent({ stamps }: Build): Promise<boolean> {
  const now = await stampsOf([...stamps.keys()]);
  return [...stamps].every(([file, stamp]) => now.get(file) === stamp);
}

/** @param since of a file that was written after it, nobody can tell which of its texts was read */
async function stampsOf(files: readonly string[], since = Infinity): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(files.map(async (file) => [file, await stampOf(file, since)] as const)));
}

async function stampOf(file: string, since: number): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return 'absent';
  return found.mtimeMs >= since ? 'written meanwhile' : `${found.ino} ${found.mtimeMs} ${found.size}`;
}
