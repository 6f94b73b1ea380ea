/**
 * The modules that manifests name by `source.file`, each made one file, and made anew when anything it follows from has
 * changed on disk. What cannot be made leaves the last good one.
 */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Bundle, BundleOutcome } from '../../../code/bundle.ts';

/** Bundles the module at an absolute path. */
export type BundleModule = (entry: string) => Promise<BundleOutcome>;

/** What there is of a module. */
export interface BuiltModule {
  /** The last that could be made; undefined when there was none yet. */
  readonly bundle: Bundle | undefined;
  /** Why it could not be made as it is now. */
  readonly problem: string | undefined;
}

interface Build extends BuiltModule {
  /** Everything it follows from, and how that was when it was made. */
  readonly stamps: ReadonlyMap<string, string>;
}

/** Written beside a module, they change what its imports mean. */
const settings = ['deno.json', 'deno.jsonc', 'package.json', 'deno.lock'];

/** Remembers what it has made. */
export class ModuleBuilds {
  readonly #bundle: BundleModule;
  #builds = new Map<string, Build>();

  constructor(bundle: BundleModule) {
    this.#bundle = bundle;
  }

  /** Makes exactly these modules, those anew that have changed. */
  async update(entries: ReadonlySet<string>): Promise<void> {
    const builds = await Promise.all([...entries].map(async (entry) => [entry, await this.#current(entry)] as const));
    this.#builds = new Map(builds);
  }

  /** False when something has changed since. */
  async isCurrent(): Promise<boolean> {
    const all = await Promise.all([...this.#builds.values()].map(isCurrent));
    return all.every((one) => one);
  }

  of(entry: string): BuiltModule {
    return this.#builds.get(entry) ?? { bundle: undefined, problem: undefined };
  }

  /** Folders in which a change may matter. */
  folders(): readonly string[] {
    const files = [...this.#builds.values()].flatMap(({ stamps }) => [...stamps.keys()]);
    return [...new Set(files.map((file) => dirname(file)))];
  }

  async #current(entry: string): Promise<Build> {
    const known = this.#builds.get(entry);
    if (known !== undefined && await isCurrent(known)) return known;
    const before = await stampsOf([...known?.stamps.keys() ?? [], ...filesBeside(entry)]);
    const since = Date.now();
    const outcome = await this.#bundle(entry);
    const after = await stampsOf([...new Set([...outcome.files, ...filesBeside(entry)])], since);
    const stamps = new Map([...after].map(([file, stamp]) => [file, before.get(file) ?? stamp]));
    return outcome.ok
      ? { bundle: outcome.bundle, problem: undefined, stamps }
      : { bundle: known?.bundle, problem: outcome.problem, stamps };
  }
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
