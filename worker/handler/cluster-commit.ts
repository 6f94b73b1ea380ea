/**
 * The commit in a Cluster. Replies and traces lie at other nodes than the worker's own keys, so they go out first, each
 * to its node, and are confirmed; then one transaction writes everything else with the acknowledgements. What is lost in
 * between is done again: a reply may then be pushed a second time, but only if the first has been taken meanwhile, for a
 * reply list that is there stays as it is.
 */
import { replyListKey } from '../../contract/keys.ts';
import { wallOffset } from '../pod/clock.ts';
import type { KeyedCommand } from '../redis/cluster-nodes.ts';
import { RedisError } from '../redis/resp.ts';
import type { TellingClock } from './answer-commands.ts';
import type { CarefulResult, CarefulWay } from './careful-commit.ts';
import { cutCommands } from './cluster-cut.ts';
import { keysOf, type KeyState, type KeyStates, planFinish } from './commit-plan.ts';
import { type Delivery, type Elsewhere, NodeTrouble } from './elsewhere.ts';
import type { Held } from './in-flight.ts';
import { noKey, type OwnKeys, type Writing } from './own-keys.ts';
import type { Place } from './place.ts';
import { isLong } from './refusal.ts';
import type { TraceExpiry } from './trace-expiry.ts';

/** One request with its own commands, and those that go out before them. */
interface Planned extends Writing {
  readonly before: readonly KeyedCommand[];
}

type Waiting = CarefulResult['waiting'][number];

/** Commits what is finished, in the order reply and trace, acknowledgement. */
export class ClusterCommits implements CarefulWay {
  readonly own: OwnKeys;
  readonly #elsewhere: Elsewhere;
  readonly #place: Place;
  readonly #traceExpiry: TraceExpiry;
  readonly #clock: TellingClock;

  constructor(own: OwnKeys, elsewhere: Elsewhere, place: Place, traceExpiry: TraceExpiry, clock: TellingClock) {
    this.own = own;
    this.#elsewhere = elsewhere;
    this.#place = place;
    this.#traceExpiry = traceExpiry;
    this.#clock = clock;
  }

  tryOnce(batch: readonly Held[]): Promise<Omit<CarefulResult, 'gone'> | 'changed'> {
    return this.#elsewhere.inTurn(() => this.#try(batch));
  }

  /** The fence is asked in the round trip just before anything is written. */
  async #try(batch: readonly Held[]): Promise<Omit<CarefulResult, 'gone'> | 'changed'> {
    const [plans, waiting] = split(await this.#plan(batch));
    const deliveries = await this.#deliver(plans);
    if (deliveries.some(isWrongType)) return 'changed';
    const refusal = deliveries.flat().find((delivery) => delivery instanceof RedisError);
    const outcomes = plans.map((plan, at) => waitingOn(plan.held, deliveries[at] ?? []) ?? plan);
    const [writing, undelivered] = split(outcomes);
    if (refusal || writing.length === 0) {
      await this.own.unwatch();
      return refusal ? { ...nothing, refusal } : { ...nothing, waiting: [...waiting, ...undelivered] };
    }
    const written = await this.own.write(writing);
    if (written === 'changed') return written;
    if (written instanceof RedisError) return { ...nothing, refusal: written };
    return { ...nothing, written, waiting: [...waiting, ...undelivered] };
  }

  async #plan(batch: readonly Held[]): Promise<(Planned | Waiting)[]> {
    const keys = [...new Set(batch.flatMap((held) => keysOf(held, this.#place)))];
    const isElsewhere = (key: string) => this.#elsewhere.has(key);
    const [ownState, states] = await Promise.all([
      this.own.look(keys.filter((key) => !isElsewhere(key))),
      this.#elsewhere.look(keys.filter(isElsewhere)),
    ]);
    const stateOf = (key: string) => states.get(key) ?? ownState(key);
    return batch.map((held) => {
      const trouble = keysOf(held, this.#place).map(stateOf).find((state) => state instanceof NodeTrouble);
      return trouble ? { held, problem: trouble.problem } : this.#planOne(held, (key) => known(stateOf(key)));
    });
  }

  #planOne(held: Held, stateOf: KeyStates): Planned | Waiting {
    const finish = planFinish(held, stateOf, this.#place, this.#traceExpiry, wallOffset(this.#clock));
    if (finish.kind === 'wait') return { held, problem: finish.problem };
    const list = replyListKey(held.ref);
    const isThere = this.#elsewhere.replied.has(held) || stateOf(list).type === 'list';
    const commands = isThere ? finish.commands.filter(([, key]) => key !== list) : finish.commands;
    const { own, elsewhere } = cutCommands(commands, (key) => this.#elsewhere.has(key));
    return { held, finish: { ...finish, commands: own }, before: elsewhere };
  }

  /** What came of the commands of each request. */
  async #deliver(plans: readonly Planned[]): Promise<Delivery[][]> {
    const answers = (await this.#elsewhere.write(plans.flatMap(({ before }) => before))).values();
    return plans.map(({ held, before }) => {
      const deliveries = before.map(() => answers.next().value as Delivery);
      const list = replyListKey(held.ref);
      if (before.some(({ key }, at) => key === list && deliveries[at] === 'delivered')) {
        this.#elsewhere.replied.add(held);
      }
      return deliveries;
    });
  }
}

const nothing = { written: [], waiting: [], ordinary: false } as const;

function split<Plan extends Writing>(all: readonly (Plan | Waiting)[]): [Plan[], Waiting[]] {
  const plans = all.filter((one): one is Plan => 'finish' in one);
  return [plans, all.filter((one): one is Waiting => !('finish' in one))];
}

function known(state: KeyState | NodeTrouble): KeyState {
  return state instanceof NodeTrouble ? noKey : state;
}

/** A key changed between the look and the write. */
function isWrongType(deliveries: readonly Delivery[]): boolean {
  return deliveries.some((delivery) => delivery instanceof RedisError && delivery.code === 'WRONGTYPE');
}

/**
 * What a request waits for, if for anything.
 * @throws ConnectionLostError when its long reply may be what ended the connection
 */
function waitingOn(held: Held, deliveries: readonly Delivery[]): Waiting | undefined {
  const trouble = deliveries.find((delivery) => delivery instanceof NodeTrouble);
  if (trouble?.lost && isLong(held)) throw trouble.lost;
  return trouble && { held, problem: trouble.problem };
}
