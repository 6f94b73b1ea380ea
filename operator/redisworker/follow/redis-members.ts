/** Who belongs to each Redis of several servers: asked once per Redis, kept up to date, and remembered per worker. */
import { formatHostPort, type HostPort } from '../../../contract/host-port.ts';
import { type BackOff, backOffMs } from '../../backoff.ts';
import type { Clock } from '../../clock.ts';
import type { RedisFault } from '../../redis/fault.ts';
import { type RedisTarget, targetKey } from '../../redis/target.ts';
import { afterAnswer, type Roster, rosterOf } from '../network/redis-roster.ts';
import { canonicalServers } from '../network/redis-servers.ts';

/** What the members are asked and told by. */
export interface RedisMembersOptions {
  /** Asks a Redis. @throws RedisFault */
  readonly discover: (target: RedisTarget, known: readonly HostPort[]) => Promise<readonly HostPort[]>;
  /** The Redis of workers that name none, when it has members: they are asked for although nobody uses it. */
  readonly defaultRedis: () => RedisTarget | undefined;
  readonly clock: Clock;
  readonly enqueue: (worker: string) => void;
}

/** The members as a worker's network has them. */
export interface MembersView {
  /** Canonical; none before the Redis has ever answered. */
  readonly members: readonly HostPort[];
  /** Why it does not answer at the moment. */
  readonly fault: RedisFault | undefined;
}

/** One Redis. */
interface Asked {
  target: RedisTarget;
  answer: { readonly at: number; readonly members: readonly HostPort[] } | undefined;
  fault: RedisFault | undefined;
  failures: number;
  /** Keys of workers, and the operator itself. */
  readonly users: Set<string | typeof operator>;
  /** Settles with the first answer or fault. */
  readonly first: Promise<void>;
  /** When the last question was put; undefined while one is under way. */
  askedAt: number | undefined;
  cancel: () => void;
}

const operator = Symbol('the operator');

/** What a worker's network is open for. */
interface Worker {
  readonly redisUrl: string;
  roster: Roster;
}

/** Milliseconds between two questions to a Redis that is well. */
const routineMs = 30_000;
/** Milliseconds between two questions to one that is not, or that has led somebody elsewhere. */
const backOff: BackOff = { initialMs: 1000, maxMs: routineMs };

/** One for all workers. Only a leader has one: it asks from the first look at a worker on. */
export class RedisMembers {
  readonly #options: RedisMembersOptions;
  readonly #asked = new Map<string, Asked>();
  readonly #workers = new Map<string, Worker>();

  constructor(options: RedisMembersOptions) {
    this.#options = options;
  }

  /** Asks the default Redis before any worker is looked at; settles with its answer, or with none. */
  async start(): Promise<void> {
    const target = this.#options.defaultRedis();
    this.#keep(operator, target);
    if (target) await this.#of(target).first;
  }

  /**
   * The members a worker's network has by now. Nothing is asked.
   * @param remembered what the worker's policies say; asked for at the first look at this Redis alone
   */
  known(key: string, redisUrl: string, remembered: () => readonly HostPort[]): readonly HostPort[] {
    const before = this.#workers.get(key);
    const worker = before?.redisUrl === redisUrl ? before : { redisUrl, roster: rosterOf(remembered()) };
    this.#workers.set(key, worker);
    return canonicalServers(worker.roster.members);
  }

  /** Brings the worker's members up to what its Redis has answered; a Redis nobody has asked yet is asked. */
  async look(key: string, target: RedisTarget): Promise<MembersView> {
    const asked = this.#of(target);
    await asked.first;
    const worker = this.#workers.get(key);
    if (!worker) return { members: [], fault: asked.fault };
    if (asked.answer) worker.roster = afterAnswer(worker.roster, asked.answer.members, asked.answer.at);
    return { members: canonicalServers(worker.roster.members), fault: asked.fault };
  }

  /** Goes on asking this Redis for the worker, and no other; undefined: none. */
  keep(key: string, target: RedisTarget | undefined): void {
    this.#keep(key, target);
    this.#keep(operator, this.#options.defaultRedis());
  }

  /** The worker is gone. */
  forget(key: string): void {
    this.#keep(key, undefined);
    this.#workers.delete(key);
  }

  /** Asks again soon: the Redis was lost, or has led somebody elsewhere. */
  doubt(target: RedisTarget): void {
    const id = keyOf(target);
    const asked = this.#asked.get(id);
    if (asked?.askedAt !== undefined) {
      this.#askIn(id, asked, asked.askedAt + backOff.initialMs - this.#options.clock.now());
    }
  }

  /** The members a worker's network has. */
  of(key: string): readonly HostPort[] {
    return this.#workers.get(key)?.roster.members ?? [];
  }

  /** The members of the default Redis, which are not for workers that name one. */
  ofDefault(): readonly HostPort[] {
    const target = this.#options.defaultRedis();
    return (target && this.#asked.get(keyOf(target))?.answer?.members) ?? [];
  }

  /** Ends all timers; answers under way are dropped. */
  close(): void {
    for (const [id, asked] of this.#asked) this.#end(id, asked);
    this.#workers.clear();
  }

  #keep(user: string | typeof operator, target: RedisTarget | undefined): void {
    const wanted = target && this.#of(target);
    wanted?.users.add(user);
    for (const [id, asked] of this.#asked) {
      if (asked !== wanted && asked.users.delete(user) && asked.users.size === 0) this.#end(id, asked);
    }
  }

  /** The Redis, dialled from now on within what was judged last. */
  #of(target: RedisTarget): Asked {
    const id = keyOf(target);
    const asked = this.#asked.get(id) ?? this.#begin(id, target);
    asked.target = target;
    return asked;
  }

  #begin(id: string, target: RedisTarget): Asked {
    const first = Promise.withResolvers<undefined>();
    const asked: Asked = {
      target,
      answer: undefined,
      fault: undefined,
      failures: 0,
      users: new Set(),
      first: first.promise,
      askedAt: undefined,
      cancel: () => undefined,
    };
    this.#asked.set(id, asked);
    void this.#ask(id, asked).finally(() => first.resolve(undefined));
    return asked;
  }

  #end(id: string, asked: Asked): void {
    asked.cancel();
    this.#asked.delete(id);
  }

  async #ask(id: string, asked: Asked): Promise<void> {
    const { discover, clock } = this.#options;
    const before = asked.answer;
    asked.askedAt = undefined;
    try {
      const members = canonicalServers(await discover(asked.target, before?.members ?? []));
      asked.answer = { at: clock.now(), members };
      asked.fault = undefined;
      asked.failures = 0;
    } catch (error) {
      asked.fault = error as RedisFault;
      asked.failures += 1;
    }
    if (this.#asked.get(id) !== asked) return;
    asked.askedAt = clock.now();
    this.#askIn(id, asked, asked.failures > 0 ? backOffMs(backOff, asked.failures) : routineMs);
    if (textOf(before?.members) === textOf(asked.answer?.members)) return;
    for (const user of asked.users) if (user !== operator) this.#options.enqueue(user);
  }

  #askIn(id: string, asked: Asked, ms: number): void {
    asked.cancel();
    asked.cancel = this.#options.clock.after(Math.max(ms, 0), () => {
      if (asked.users.size > 0) void this.#ask(id, asked);
      else this.#end(id, asked); // whoever looked did not go on to use it
    });
  }
}

/** Equal for one Redis and login, whichever members have been judged since. */
function keyOf({ foreign, ...target }: RedisTarget): string {
  return `${foreign ? 'author' : 'operator'} ${targetKey(target)}`;
}

function textOf(members: readonly HostPort[] | undefined): string {
  return members?.map(formatHostPort).join() ?? '';
}
