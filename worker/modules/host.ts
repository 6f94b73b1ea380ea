/** The modules of a process: their files, the broker that runs them, and what there is to tell of them. */
import { type CallOptions, type ModuleSettings, WorkerBroker } from '../../broker/mod.ts';
import { allowsCall, type DeclaredModule, type ModuleState } from '../../contract/modules.ts';
import { fileUrl } from '../pod/file-url.ts';
import { Reply } from '../mod.ts';
import { inOwnTerms } from './answers.ts';
import type { Declared } from './declared.ts';
import { ModuleFiles } from './files.ts';
import { ModuleRecords } from './records.ts';

/** What all modules of a process have in common. */
export interface HostSettings {
  /** Folder of their files. */
  readonly folder: string;
  /** What they import as `redisworker`. */
  readonly shared: URL;
  /** MiB of the heap of one that has a process of its own. */
  readonly heapMiB: number;
  /** Instances there may be beside one of each. */
  readonly segregated: number;
}

/** A function of a module. */
export interface CalledFunction {
  readonly module: string;
  readonly functionName: string;
  /** Whose instance; absent for the one that all share. */
  readonly id?: string | undefined;
}

/** Milliseconds in which a module has to show it is alive after a call was given up. */
const graceMs = 1000;
/** Looks between two measurements of modules that rest. */
const restLooks = 30;

export class ModuleHost {
  readonly #settings: HostSettings;
  readonly #records = new ModuleRecords((url) => this.#nameOf(url));
  readonly #broker: WorkerBroker;
  readonly #files: ModuleFiles;
  #declared: Declared = new Map();
  #looks = 0;
  /** Calls that had ended when they were measured last. */
  #measuredAt = 0;
  /** Instances that callers have named, the least recently called first. */
  readonly #segregated = new Map<string, readonly [URL, string]>();

  constructor(settings: HostSettings) {
    this.#settings = settings;
    this.#files = new ModuleFiles(settings.folder);
    this.#broker = new WorkerBroker({
      settingsOf: (url) => this.#settingsOf(url),
      workerCleaner: (event) => event.type !== 'terminate' && this.#records.note(event),
    });
  }

  get names(): readonly string[] {
    return [...this.#declared.keys()].sort();
  }

  /** Brings the files to what is declared. A module that has changed ends its calls and is loaded anew; the others go on. */
  async apply(declared: Declared): Promise<readonly string[]> {
    const before = this.#declared;
    const changed = [...declared].filter(([name, { json }]) => before.get(name)?.json !== json);
    const gone = [...before.keys()].filter((name) => !declared.has(name));
    for (const [name, { module }] of changed) await this.#files.write(name, module);
    this.#declared = declared;
    for (const name of [...changed.map(([one]) => one), ...gone]) {
      const seconds = before.get(name)?.module.timeoutSeconds;
      if (seconds !== undefined) this.#broker.retireWorker(this.#urlOf(name), seconds * 1000);
    }
    for (const name of gone) await this.#files.remove(name);
    this.#records.keep(declared);
    return changed.map(([name]) => name);
  }

  /** Calls a function. @throws what it throws in the terms of a reply, or a {@link Reply} for a module there is not */
  async call(called: CalledFunction, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    const { functionName } = called;
    const [module, id] = this.#instanceOf(called);
    try {
      return await this.#broker.workerFnProxy([module, id], functionName, options)(...args);
    } catch (error) {
      throw inOwnTerms(error, { module, functionName });
    }
  }

  /** Loads a module anew; calls under way end before. @throws what it throws meanwhile, or a {@link Reply} */
  async reload(called: Omit<CalledFunction, 'functionName'>): Promise<void> {
    const instance = this.#instanceOf(called);
    this.#broker.retireWorker(instance);
    try {
      await this.#broker.workerImport(instance);
    } catch (error) {
      throw inOwnTerms(error, { module: instance[0], functionName: 'import' });
    }
  }

  #instanceOf({ module, id }: Omit<CalledFunction, 'functionName'>): readonly [URL, string | undefined] {
    if (!this.#declared.has(module)) {
      throw new Reply(404, `there is no module "${module.slice(0, 80)}": there are ${this.names.join(', ')}`);
    }
    const url = this.#urlOf(module);
    if (id !== undefined) this.#makeRoom(url, id);
    return [url, id];
  }

  /** Whoever calls may name as many instances as he likes: of those that rest, the least recently called go. */
  #makeRoom(url: URL, id: string): void {
    const key = `${url} ${id}`;
    this.#segregated.delete(key);
    this.#segregated.set(key, [url, id]);
    const resting = [...this.#segregated].filter(([one, worker]) => one !== key && !this.#broker.isBusy(worker));
    const surplus = this.#segregated.size - this.#settings.segregated;
    for (const [one, worker] of resting.slice(0, Math.max(surplus, 0))) {
      this.#segregated.delete(one);
      this.#broker.removeWorker(worker);
    }
    if (this.#segregated.size <= this.#settings.segregated) return;
    this.#segregated.delete(key);
    throw new Reply(503, `${this.#settings.segregated} instances of modules are busy: more find no room in this pod`);
  }

  /** How each of them is; what it takes is asked for after calls, and now and then, and told the next time. */
  states(): readonly ModuleState[] {
    const states = this.#records.states(this.names, this.#broker.workers());
    const calls = states.reduce((sum, state) => sum + state.calls, 0);
    if (calls !== this.#measuredAt || this.#looks++ % restLooks === 0) this.#broker.measure();
    this.#measuredAt = calls;
    return states;
  }

  /** Ends all of them, and waits until they have told what they still had to tell. */
  async end(): Promise<void> {
    await this.#broker.terminate();
  }

  #urlOf(name: string): URL {
    return new URL(fileUrl(this.#files.pathOf(name)));
  }

  /** The module of a file; undefined for a URL that is none of ours. */
  #nameOf({ href }: URL): string | undefined {
    const folder = fileUrl(`${this.#settings.folder}/`);
    const name = href.startsWith(folder) ? href.slice(folder.length).replace(/\.ts$/, '') : '';
    return this.#declared.has(name) && this.#urlOf(name).href === href ? name : undefined;
  }

  #settingsOf(url: URL): ModuleSettings {
    const { shared, heapMiB } = this.#settings;
    const name = this.#nameOf(url) ?? '';
    const module = this.#declared.get(name)?.module;
    if (module === undefined) throw new Error(`there is no module ${url}`);
    return {
      isolation: module.isolation,
      permissions: {
        net: module.net,
        denyNet: module.denyNet,
        env: module.env,
        read: this.#files.readBy(name, module),
      },
      concurrency: module.concurrency,
      timeoutMs: module.timeoutSeconds * 1000,
      idleMs: module.idleSeconds * 1000,
      memoryMiB: heapMiB,
      program: 'deno',
      graceMs,
      imports: { redisworker: shared },
      mayCall: (target, functionName, segregationId) =>
        segregationId === undefined && this.#mayCall(module, target, functionName),
    };
  }

  #mayCall({ mayCall }: DeclaredModule, target: URL, functionName: string | undefined): boolean {
    const name = this.#nameOf(target);
    return name !== undefined && functionName !== undefined && allowsCall(mayCall, name, functionName);
  }
}
