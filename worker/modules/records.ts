/** What is known of each module beyond the life of its workers. */
import { BrokerError, type WorkerEvent, type WorkerState } from '../../broker/mod.ts';
import { maxModuleReason, type ModuleState } from '../../contract/modules.ts';
import { messageOf } from '../pod/foreign.ts';

interface Record {
  calls: number;
  errors: number;
  restarts: number;
  /** Why it ended by itself, until a call of it succeeds again. */
  reason: string | undefined;
  memoryMiB: number;
}

/** MiB that come and go with garbage, and are not worth telling. */
const worthTellingMiB = 4;

export class ModuleRecords {
  readonly #nameOf: (url: URL) => string | undefined;
  readonly #records = new Map<string, Record>();

  /** @param nameOf the module of a file */
  constructor(nameOf: (url: URL) => string | undefined) {
    this.#nameOf = nameOf;
  }

  /** Forgets all but these. */
  keep(names: { has(name: string): boolean }): void {
    for (const name of this.#records.keys()) if (!names.has(name)) this.#records.delete(name);
  }

  /** Adds what a worker that is over has done. */
  note({ type, moduleSpecifier, calls, errors, reason }: WorkerEvent): void {
    const name = type === 'remove' ? this.#nameOf(moduleSpecifier) : undefined;
    if (name === undefined) return;
    const record = this.#of(name);
    record.calls += calls;
    record.errors += errors;
    if (calls > errors) record.reason = undefined;
    if (!(reason instanceof BrokerError) || reason.code !== 'Crashed') return;
    record.restarts++;
    record.reason = messageOf(reason).replaceAll(moduleSpecifier.href, name).slice(0, maxModuleReason);
  }

  /** How the modules are, with the workers there are now. */
  states(names: readonly string[], workers: readonly WorkerState[]): ModuleState[] {
    return names.map((name) => {
      const record = this.#of(name);
      const own = workers.filter(({ moduleSpecifier }) => this.#nameOf(moduleSpecifier) === name);
      const sum = (of: (worker: WorkerState) => number) => own.reduce((so, worker) => so + of(worker), 0);
      if (own.some(({ calls, errors }) => calls > errors)) record.reason = undefined;
      const memoryMiB = (record.memoryMiB = settled(
        record.memoryMiB,
        Math.round(sum(({ memoryBytes = 0 }) => memoryBytes) / 2 ** 20),
      ));
      return {
        name,
        state: record.reason !== undefined ? 'Failing' : own.length > 0 ? 'Running' : 'Idle',
        calls: record.calls + sum(({ calls }) => calls),
        errors: record.errors + sum(({ errors }) => errors),
        restarts: record.restarts,
        ...(memoryMiB > 0 ? { memoryMiB } : {}),
        ...(record.reason === undefined ? {} : { reason: record.reason }),
      };
    });
  }

  #of(name: string): Record {
    let record = this.#records.get(name);
    if (record === undefined) {
      this.#records.set(name, record = { calls: 0, errors: 0, restarts: 0, reason: undefined, memoryMiB: 0 });
    }
    return record;
  }
}

function settled(before: number, now: number): number {
  return before > 0 && now > 0 && Math.abs(now - before) < worthTellingMiB ? before : now;
}
