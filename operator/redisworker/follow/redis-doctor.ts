/** Examines each Redis that workers use, and has what is wrong with it told on one worker of each namespace. */
import type { Clock } from '../../clock.ts';
import type { Check, Finding } from '../../redis/doctor/finding.ts';
import type { Need } from '../../redis/doctor/rights.ts';
import { type RedisTarget, targetKey, urlOf } from '../../redis/target.ts';
import type { Enqueue } from './changes.ts';

/** Milliseconds until a Redis is examined that is new, and until it is again. */
const firstMs = 1000;
const everyMs = 600_000;
/** As long as it cannot be reached. */
const retryMs = 60_000;

/** Told by the condition RedisReachable; and what least rights do not show is no fault. */
const toldElsewhere: ReadonlySet<Check> = new Set<Check>(['RedisReachable', 'RedisVisibility']);

/** What the doctor needs of the world. */
export interface RedisDoctorOptions {
  readonly examine: (target: RedisTarget, needs: readonly Need[]) => Promise<readonly Finding[]>;
  readonly clock: Clock;
  readonly enqueue: Enqueue;
}

/** A Redis with the workers that use it. */
interface Patient {
  readonly target: RedisTarget;
  /** What its login has to be allowed, for one of the workers. */
  needs: { readonly of: string; readonly list: readonly Need[] };
  readonly workers: Set<string>;
  /** What is wrong with it. */
  findings: readonly Finding[];
  /** What each namespace has been told of that. */
  readonly told: Map<string, ReadonlySet<string>>;
  cancel: () => void;
}

/** Costs a few commands per Redis, however many workers use it. */
export class RedisDoctor {
  readonly #patients = new Map<string, Patient>();
  readonly #byWorker = new Map<string, Patient>();
  readonly #options: RedisDoctorOptions;

  constructor(options: RedisDoctorOptions) {
    this.#options = options;
  }

  /** The worker `key` uses this Redis, and no other. @param needs what its login there has to be allowed */
  keep(key: string, target: RedisTarget, needs: () => readonly Need[]): void {
    const name = targetKey(target);
    const patient = this.#patients.get(name) ?? this.#admit(name, target);
    if (patient.needs.of === key || !patient.workers.has(patient.needs.of)) {
      patient.needs = { of: key, list: needs() };
    }
    const before = this.#byWorker.get(key);
    if (before === patient) return;
    if (before !== undefined) handOn(before, patient, namespaceOf(key));
    this.forget(key);
    patient.workers.add(key);
    this.#byWorker.set(key, patient);
  }

  /** The worker `key` uses none any more. */
  forget(key: string): void {
    const patient = this.#byWorker.get(key);
    this.#byWorker.delete(key);
    patient?.workers.delete(key);
    if (patient?.workers.size !== 0) return;
    patient.cancel();
    this.#patients.delete(targetKey(patient.target));
  }

  /** What the worker `key` is to tell of its Redis: nothing, unless it is the first of its namespace there. */
  untold(key: string): readonly Finding[] {
    const patient = this.#byWorker.get(key);
    const told = patient?.told.get(namespaceOf(key));
    const untold = patient?.findings.filter((finding) => told?.has(wordOf(finding)) !== true) ?? [];
    // Who is first is asked for last: that goes through all workers of the Redis.
    return patient !== undefined && untold.length > 0 && firstOf(patient, namespaceOf(key)) === key ? untold : [];
  }

  /** All that is wrong now has been told in the namespace of the worker `key`. */
  told(key: string): void {
    const patient = this.#byWorker.get(key);
    patient?.told.set(namespaceOf(key), new Set(patient.findings.map(wordOf)));
  }

  close(): void {
    for (const { cancel } of this.#patients.values()) cancel();
    this.#patients.clear();
    this.#byWorker.clear();
  }

  #admit(name: string, target: RedisTarget): Patient {
    const patient: Patient = {
      target,
      needs: { of: '', list: [] },
      workers: new Set(),
      findings: [],
      told: new Map(),
      cancel: this.#options.clock.after(firstMs, () => void this.#examine(name, patient)),
    };
    this.#patients.set(name, patient);
    return patient;
  }

  async #examine(name: string, patient: Patient): Promise<void> {
    const found = await this.#options.examine(patient.target, patient.needs.list);
    if (this.#patients.get(name) !== patient) return;
    const isReached = found.every(({ check }) => check !== 'RedisReachable');
    if (isReached) this.#take(patient, found);
    const wait = isReached ? everyMs : retryMs;
    patient.cancel = this.#options.clock.after(wait, () => void this.#examine(name, patient));
  }

  /** What is mended is told anew when it comes back. */
  #take(patient: Patient, found: readonly Finding[]): void {
    patient.findings = found.filter(({ check, verdict }) => verdict !== 'ok' && !toldElsewhere.has(check));
    const now = new Set(patient.findings.map(wordOf));
    for (const [namespace, told] of patient.told) {
      patient.told.set(namespace, new Set([...told].filter((word) => now.has(word))));
    }
    for (const namespace of new Set([...patient.workers].map(namespaceOf))) {
      const first = firstOf(patient, namespace);
      if (first !== undefined && this.untold(first).length > 0) this.#options.enqueue(first);
    }
  }
}

/** With another login or certificate it is the same Redis, of which nothing is told twice. */
function handOn(before: Patient, after: Patient, namespace: string): void {
  const told = before.told.get(namespace);
  const isSame = urlOf(before.target) === urlOf(after.target);
  if (told !== undefined && isSame && !after.told.has(namespace)) after.told.set(namespace, told);
}

/** Numbers in the message may change: the finding stays the same. */
function wordOf({ check, verdict }: Finding): string {
  return `${check} ${verdict}`;
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

function firstOf({ workers }: Patient, namespace: string): string | undefined {
  let first: string | undefined;
  for (const key of workers) {
    if (namespaceOf(key) === namespace && (first === undefined || key < first)) first = key;
  }
  return first;
}
