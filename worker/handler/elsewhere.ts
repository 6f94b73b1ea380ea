/**
 * Keys of a Cluster that are not the worker's own: replies and traces, whose names callers choose. They lie in any slot,
 * so that no transaction can have them together with the acknowledgement.
 */
import type { ClusterNodes, KeyedCommand } from '../redis/cluster-nodes.ts';
import type { Command } from '../redis/commands.ts';
import { ConnectionLostError } from '../redis/connection-lost.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import { slotOf } from '../../contract/redis-slot.ts';
import type { KeyState } from './commit-plan.ts';
import type { Held } from './in-flight.ts';
import { stateCommands, stateIn } from './own-keys.ts';
import { isOfServer } from './refusal.ts';

/** A node that is gone or answers for others: what needs it waits. One text for one problem, so that it is told once. */
export class NodeTrouble {
  readonly problem: string;
  /** What may have happened all the same. */
  readonly lost: ConnectionLostError | undefined;

  constructor(error: RedisError | ConnectionLostError) {
    this.lost = error instanceof ConnectionLostError ? error : undefined;
    this.problem = this.lost ? error.message : `a part of the Cluster answers ${(error as RedisError).code}`;
  }
}

/** What came of the commands to one key. */
export type Delivery = 'delivered' | RedisError | NodeTrouble;

/** Looks at keys at their nodes, and writes to them. */
export class Elsewhere {
  /** Requests whose reply is known to have been pushed by this process. */
  readonly replied = new WeakSet<Held>();
  readonly #nodes: ClusterNodes;
  readonly #ownSlot: number;
  #last: Promise<unknown> = Promise.resolve();

  /** @param ownKey any key of the worker's own */
  constructor(nodes: ClusterNodes, ownKey: string) {
    this.#nodes = nodes;
    this.#ownSlot = slotOf(ownKey);
  }

  /** True for a key that is not among the worker's own. */
  has(key: string): boolean {
    return slotOf(key) !== this.#ownSlot;
  }

  /** One after the other, across sessions: what one of them still writes is seen by the next. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** The states of keys; trouble for those whose node has some. */
  async look(keys: readonly string[]): Promise<ReadonlyMap<string, KeyState | NodeTrouble>> {
    const commands = keys.flatMap((key) => stateCommands(key).map((command) => ({ key, command })));
    const answers = await this.#nodes.send(commands);
    const states = new Map<string, KeyState | NodeTrouble>();
    keys.forEach((key, at) => {
      const [type, ttl] = [answers[2 * at], answers[2 * at + 1]];
      const error = [type, ttl].find(isError);
      states.set(key, error ? new NodeTrouble(error) : stateIn(type as Reply, ttl as Reply));
    });
    return states;
  }

  /** Writes what belongs to each key, all of it or nothing. */
  async write(commands: readonly KeyedCommand[]): Promise<Delivery[]> {
    return (await this.#nodes.send(commands)).map((answer) => {
      if (!isError(answer)) return 'delivered';
      return answer instanceof RedisError && !isOfServer(answer) ? answer : new NodeTrouble(answer);
    });
  }

  /** Sends commands that begin with their name and their key. */
  pipeline(commands: readonly Command[]): Promise<Reply[]> {
    return this.#nodes.pipeline(commands);
  }
}

function isError(answer: unknown): answer is RedisError | ConnectionLostError {
  return answer instanceof RedisError || answer instanceof ConnectionLostError;
}
