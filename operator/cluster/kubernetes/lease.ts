/**
 * Leader election on a Lease. Times are compared on this machine's clock alone: another holder is given up
 * when its record has not changed here for the lease's duration, whatever time it wrote. Not a fence: a frozen
 * leader may still have a write under way, so writes to Redis are guarded by their own checks.
 */
import { type Clock, systemClock } from '../../clock.ts';
import { ClusterError, type KubeObject, type ObjectRef, resources } from '../cluster.ts';
import type { Log } from './hooks.ts';
import type { Call, Http } from './http.ts';
import {
  givenBack,
  type LeaseRecord,
  type LeaseWriter,
  newLease,
  parseLease,
  renewed,
  takenOver,
} from './lease-record.ts';
import { collectionPath, objectPath, parseObject } from './wire.ts';

/** Who stands for election, and what it wants to know. */
export interface Candidate {
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Unique among candidates and lives: the pod's name and something random. */
  readonly identity: string;
  /** Told once, when this candidate leads. */
  onStarted(): void;
  /** Told once, when it leads no more without having stopped: the process should end, its work may be another's now. */
  onLost(why: string): void;
}

/** A candidature. */
export interface Election {
  /** True while the lease was renewed recently enough; ask before a write that must be the leader's. */
  leading(): boolean;
  /** Ends it; a leader gives the lease back, so that the next one need not wait. */
  stop(): Promise<void>;
}

/** Times in ms. */
export interface LeaseTiming {
  /** Others wait this long for a holder that says nothing. */
  readonly leaseMs: number;
  /** A leader that could not renew for this long gives up. */
  readonly renewMs: number;
  /** Between tries, lengthened by up to a fifth. */
  readonly retryMs: number;
}

/** The times most operators use. */
export const leaseTiming: LeaseTiming = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2000 };

/** What an election is made with. */
export interface ElectionContext {
  readonly http: Pick<Http, 'call'>;
  readonly log: Log;
  /** 0 to 1. */
  readonly random: () => number;
  readonly clock?: Clock;
  readonly timing?: LeaseTiming;
}

/** Never set back or forward: a corrected wall clock must not make a candidate take a lease too early. */
const steadyClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, task) => systemClock.after(ms, task),
};

/** Stands for election until it is stopped or has led and lost. */
export function electLeader(context: ElectionContext, candidate: Candidate): Election {
  return new Candidature(context, candidate);
}

class Candidature implements Election {
  readonly #context: Required<ElectionContext>;
  readonly #candidate: Candidate;
  #state: 'waiting' | 'leading' | 'over' = 'waiting';
  /** The record as last read or written. */
  #record: LeaseRecord | undefined;
  /** When another's record was first seen as it is. */
  #unchangedSince = 0;
  #renewedAt = 0;
  #cancelDeadline: () => void = () => undefined;
  #cancelRetry: () => void = () => undefined;
  #round: Promise<void>;

  constructor(context: ElectionContext, candidate: Candidate) {
    this.#context = { clock: steadyClock, timing: leaseTiming, ...context };
    this.#candidate = candidate;
    this.#round = this.#run();
  }

  leading(): boolean {
    const { clock, timing } = this.#context;
    return this.#isLeading() && clock.now() - this.#renewedAt < timing.renewMs;
  }

  async stop(): Promise<void> {
    this.#end();
    await this.#round;
    if (this.#record?.holder !== this.#candidate.identity) return;
    await this.#write('PUT', givenBack(this.#record, this.#writer())).catch((error: unknown) =>
      this.#context.log.warn(
        { err: error, lease: this.#candidate.name },
        'the lease could not be given back, it ends by itself',
      )
    );
  }

  async #run(): Promise<void> {
    try {
      await this.#acquireOrRenew();
    } catch (error) {
      this.#context.log.warn({ err: error, lease: this.#candidate.name }, 'the lease could not be read or written');
    }
    if (this.#state === 'over') return;
    const { clock, random, timing } = this.#context;
    this.#cancelRetry = clock.after(timing.retryMs * (1 + random() / 5), () => {
      this.#round = this.#run();
    });
  }

  async #acquireOrRenew(): Promise<void> {
    const askedAt = this.#context.clock.now();
    const known = this.#isLeading() ? this.#record : undefined;
    const wanted = this.#wanted(known ?? await this.#read());
    if (wanted === undefined) return;
    try {
      this.#record = parseLease(await this.#write(...wanted));
      this.#lead(askedAt);
    } catch (error) {
      if (!(error instanceof ClusterError) || error.status !== 409) throw error;
      this.#record = undefined; // somebody was quicker: a leader has to know at once who that was
      if (this.#isLeading()) await this.#acquireOrRenew();
    }
  }

  /** What to write, given the record as it is now; nothing while another holds it. */
  #wanted(record: LeaseRecord | undefined): ['POST' | 'PUT', KubeObject] | undefined {
    if (this.#state === 'over') return undefined;
    if (record === undefined) return ['POST', newLease(this.#ref(), this.#writer())];
    if (record.holder === this.#candidate.identity) return ['PUT', renewed(record, this.#writer())];
    if (this.#state === 'leading') this.#lose(`"${record.holder}" holds the lease ${this.#candidate.name} now`);
    else if (record.holder === '' || this.#isGivenUp(record)) return ['PUT', takenOver(record, this.#writer())];
    return undefined;
  }

  #isGivenUp(record: LeaseRecord): boolean {
    const { clock, timing } = this.#context;
    if (this.#record?.version !== record.version) this.#unchangedSince = clock.now();
    this.#record = record;
    return clock.now() - this.#unchangedSince >= timing.leaseMs;
  }

  /** The lease counts from before the request, as that is when others may have begun to count. */
  #lead(renewedAt: number): void {
    if (this.#state === 'over') return;
    const { clock, timing, log } = this.#context;
    this.#renewedAt = renewedAt;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.after(Math.max(0, renewedAt + timing.renewMs - clock.now()), () => {
      this.#lose(`the lease ${this.#candidate.name} could not be renewed for ${timing.renewMs} ms`);
    });
    if (this.#state === 'leading') return;
    this.#state = 'leading';
    log.info({ lease: this.#candidate.name, identity: this.#candidate.identity }, 'leading');
    this.#candidate.onStarted();
  }

  #lose(why: string): void {
    if (this.#state !== 'leading') return;
    this.#end();
    this.#candidate.onLost(why);
  }

  #end(): void {
    this.#state = 'over';
    this.#cancelDeadline();
    this.#cancelRetry();
  }

  #isLeading(): boolean {
    return this.#state === 'leading';
  }

  #ref(): Required<ObjectRef> {
    const { namespace, name } = this.#candidate;
    return { namespace, name };
  }

  #writer(): LeaseWriter {
    const { clock, timing } = this.#context;
    return { identity: this.#candidate.identity, now: clock.now(), leaseMs: timing.leaseMs };
  }

  async #read(): Promise<LeaseRecord | undefined> {
    try {
      const path = objectPath(resources.leases, this.#ref());
      return parseLease(parseObject(await this.#context.http.call({ method: 'GET', path, ...this.#limits() })));
    } catch (error) {
      if (error instanceof ClusterError && error.reason === 'NotFound') return undefined;
      throw error;
    }
  }

  async #write(method: 'POST' | 'PUT', body: KubeObject): Promise<KubeObject> {
    const { namespace } = this.#candidate;
    const path = method === 'POST'
      ? collectionPath(resources.leases, namespace)
      : objectPath(resources.leases, this.#ref());
    return parseObject(await this.#context.http.call({ method, path, body, ...this.#limits() }));
  }

  /** A repetition could look like a race that we lost against ourselves, so this loop is the only retry. */
  #limits(): Pick<Call, 'lane' | 'repeat' | 'deadlineMs'> {
    return { lane: 'Lease', repeat: 'Never', deadlineMs: this.#context.timing.renewMs / 2 };
  }
}
