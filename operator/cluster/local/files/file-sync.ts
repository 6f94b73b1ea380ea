/** Brings a local cluster from what the manifest files said last to what they say now. */
import type { Clock } from '../../../clock.ts';
import { keyOf, type KubeObject, type Resource, resources } from '../../cluster.ts';
import type { LocalCluster } from '../local-cluster.ts';
import type { Log } from '../log.ts';
import { describe, kindKey, refTo, sameJson } from '../store/objects.ts';
import type { Look } from './look.ts';
import type { CodeUse } from '../../../code/use.ts';
import { codeFilesOf, codeNames, isCode, withCode } from './bundled-worker.ts';
import { type FoundObject, type Manifest, type ManifestRules, readManifest, type Validate } from './manifest.ts';
import { type BundleModule, type CheckTypes, ModuleBuilds } from './module-builds.ts';

/** What a sync works with. */
export interface SyncOptions {
  readonly store: Pick<LocalCluster, 'apply' | 'delete' | 'get'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly validate: Validate;
  readonly onNote: (sentence: string) => void;
  readonly absentMs: number;
  /** What is read of the files; what a laptop runs when absent. */
  readonly rules?: ManifestRules;
  /** Bundles what a worker names by `source.file`; without it such a worker is left as it is. */
  readonly bundle?: BundleModule | undefined;
  /** Checks the types of what was bundled; without it they are not checked. */
  readonly checkTypes?: CheckTypes | undefined;
  /** Called when types have turned out to be wrong, which the next run tells. */
  readonly onChecked?: (() => void) | undefined;
}

/** An object the files want, and the file that has it. */
interface Wanted {
  readonly object: KubeObject;
  readonly file: string;
  readonly where: string;
}

/** Remembers what it has applied. */
export class FileSync {
  problems: readonly string[] = [];
  readonly #options: SyncOptions;
  #notes: readonly string[] = [];
  #manifests = new Map<string, { readonly text: string; readonly manifest: Manifest }>();
  #applied = new Map<string, Wanted>();
  /** When each object that is applied was first missing from its file. */
  #absentSince = new Map<string, number>();
  readonly #modules: ModuleBuilds | undefined;
  #lastLook: Look | undefined;
  #isSettled = false;

  constructor(options: SyncOptions) {
    this.#options = options;
    const { bundle, checkTypes, onChecked } = options;
    this.#modules = bundle && new ModuleBuilds({ bundle, checkTypes, onChecked });
  }

  /** Folders in which a change matters beside those of the manifests. */
  folders(): readonly string[] {
    return this.#modules?.folders() ?? [];
  }

  /** Ends what still goes on beside the runs. */
  async close(): Promise<void> {
    await this.#modules?.close();
  }

  /** @returns false when there is something to do again soon */
  async run(look: Look): Promise<boolean> {
    const isSame = this.#isSettled && this.#lastLook !== undefined && sameLook(this.#lastLook, look);
    if (isSame && await this.#modules?.isCurrent() !== false) return true;
    const problems: string[] = [];
    this.#manifests = new Map(
      [...look.texts].map(([file, text]) => [file, { text, manifest: this.#read(file, text) }]),
    );
    await this.#modules?.update(this.#moduleFiles());
    const wanted = this.#wanted(look, problems);
    const isWritten = await this.#write(wanted, problems);
    const isClean = await this.#delete(wanted, problems);
    this.#tell(problems);
    this.#lastLook = look;
    return (this.#isSettled = isWritten && isClean && look.unseen.size === 0);
  }

  #moduleFiles(): ReadonlyMap<string, CodeUse> {
    const files = [...this.#manifests].flatMap(([file, { manifest }]) =>
      manifest.objects.flatMap(({ object }) => codeFilesOf(object, file))
    );
    return new Map(files.map(({ entry, use }) => [entry, use]));
  }

  #read(file: string, text: string): Manifest {
    const known = this.#manifests.get(file);
    return known?.text === text ? known.manifest : readManifest(text, file, this.#options.rules);
  }

  /** All objects by identity: what is unseen or wrong keeps its last good form, and the first file that has one keeps it. */
  #wanted({ unseen }: Look, problems: string[]): Map<string, Wanted> {
    for (const [path, why] of unseen) problems.push(`${path} ${why}; what it held stays as it was`);
    const wanted = new Map([...this.#applied].filter(([, { file }]) => this.#mayStillHold(file, unseen)));
    const first = new Map<string, { readonly file: string; readonly where: string; readonly isSeen: boolean }>(
      [...wanted].map(([identity, held]) => [identity, { ...held, isSeen: false }]),
    );
    for (const [file, { manifest }] of this.#manifests) {
      problems.push(...manifest.problems);
      for (const found of manifest.objects) {
        const { object, where } = found;
        const identity = identityOf(object);
        const other = first.get(identity);
        if (other !== undefined && (other.isSeen || other.file !== file)) {
          const name = describe(object.kind, refTo(object));
          problems.push(`${where}: ${name} is defined a second time, first at ${other.where}: remove one of them`);
          continue;
        }
        first.set(identity, { file, where, isSeen: true });
        const good = this.#judged(found, identity, problems);
        if (good === undefined) continue;
        for (const one of this.#withCode(good, { file, where }, problems)) {
          wanted.set(identityOf(one), { object: one, file, where });
        }
      }
    }
    return wanted;
  }

  /** A worker whose code is in files, with what was made of them. */
  #withCode(
    object: KubeObject,
    { file, where }: Pick<Wanted, 'file' | 'where'>,
    problems: string[],
  ): readonly KubeObject[] {
    const modules = this.#modules;
    if (modules === undefined) return [...this.#codeOf(object), object];
    for (const { entry } of codeFilesOf(object, file)) {
      const { problem } = modules.of(entry);
      if (problem !== undefined) problems.push(`${where}: ${describe(object.kind, refTo(object))}: ${problem}`);
    }
    return [...this.#codeOf(object), ...withCode(object, file, (entry) => modules.of(entry))];
  }

  /** The code of a worker that is kept as it was. */
  #codeOf(worker: KubeObject): readonly KubeObject[] {
    const names = codeNames(worker);
    return [...this.#applied.values()].flatMap(({ object }) =>
      isCode(object) && names.includes(object.metadata.name) ? [object] : []
    );
  }

  /** A file that cannot be seen, or has a part that cannot be read, may hold what it held before. */
  #mayStillHold(file: string, unseen: ReadonlyMap<string, string>): boolean {
    const isUnseen = [...unseen.keys()].some((path) => file === path || file.startsWith(`${path}/`));
    return isUnseen || (this.#manifests.get(file)?.manifest.problems.length ?? 0) > 0;
  }

  /** The object, or its last good form when it is wrong; undefined when there is none. */
  #judged({ object, where, problems: own }: FoundObject, identity: string, problems: string[]): KubeObject | undefined {
    const applied = this.#applied.get(identity)?.object;
    const name = describe(object.kind, refTo(object));
    const judged = own.length > 0 || object.kind !== resources.redisWorkers.kind
      ? own
      : this.#options.validate(object, applied).map((problem) => `${where}: ${name}: ${problem}`);
    problems.push(...judged);
    return judged.length === 0 ? object : applied;
  }

  /** @returns true when everything is as wanted */
  async #write(wanted: ReadonlyMap<string, Wanted>, problems: string[]): Promise<boolean> {
    let isDone = true;
    for (const [identity, one] of wanted) {
      this.#absentSince.delete(identity);
      const live = await this.#options.store.get(resourceOf(one.object), refTo(one.object));
      const isLeaving = live?.metadata.deletionTimestamp !== undefined;
      const isThere = live !== undefined && sameJson(this.#applied.get(identity)?.object, one.object);
      if (isThere || isLeaving) this.#applied.set(identity, one); // what leaves is made again once it is gone
      else if (await this.#try(one, problems, () => this.#options.store.apply(one.object, 'user'))) {
        this.#applied.set(identity, one);
        continue;
      }
      isDone &&= isThere && !isLeaving;
    }
    return isDone;
  }

  /**
   * Deletes what has been missing for a while: some programs empty a file before they fill it, or take it away
   * before they bring it back.
   * @returns true when nothing is missing any more
   */
  async #delete(wanted: ReadonlyMap<string, Wanted>, problems: string[]): Promise<boolean> {
    const { clock, absentMs, store } = this.#options;
    for (const [identity, one] of this.#applied) {
      if (wanted.has(identity)) continue;
      const since = this.#absentSince.get(identity) ?? clock.now();
      this.#absentSince.set(identity, since);
      if (clock.now() - since < absentMs) continue;
      if (!await this.#try(one, problems, () => store.delete(resourceOf(one.object), refTo(one.object)))) continue;
      this.#applied.delete(identity);
      this.#absentSince.delete(identity);
    }
    return this.#absentSince.size === 0;
  }

  async #try({ object, where }: Wanted, problems: string[], write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      problems.push(`${where}: ${describe(object.kind, refTo(object))}: ${why}`);
      return false;
    }
  }

  /** Each sentence once, for as long as it is true. */
  #tell(problems: readonly string[]): void {
    for (const problem of problems) if (!this.problems.includes(problem)) this.#options.log.error({}, problem);
    this.problems = problems;
    const notes = [...this.#manifests.values()].flatMap(({ manifest }) => manifest.notes);
    for (const note of notes) if (!this.#notes.includes(note)) this.#options.onNote(note);
    this.#notes = notes;
  }
}

function sameLook(one: Look, other: Look): boolean {
  return sameJson([...one.texts], [...other.texts]) && sameJson([...one.unseen], [...other.unseen]);
}

function identityOf(object: KubeObject): string {
  return `${kindKey(object)} ${keyOf(refTo(object))}`;
}

function resourceOf({ kind }: KubeObject): Resource {
  const found = Object.values(resources).find((resource) => resource.kind === kind);
  if (found === undefined) throw new Error(`${kind} is no kind of this cluster`); // the manifest lets none through
  return found;
}
