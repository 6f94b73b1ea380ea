/**
 * The nodes of a Cluster: commands go to whoever serves the slot of their key, over one connection to each, which is kept.
 * Who serves what is learnt from the nodes, and anew whenever one of them says that it has changed, or is gone.
 */
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import { after } from '../pod/timers.ts';
import type { Command } from './commands.ts';
import { type Connection, connectServer } from './connection.ts';
import { ConnectionLostError } from './connection-lost.ts';
import type { RedisTarget } from './dial.ts';
import { RedisError, type Reply } from './resp.ts';
import { readSlots, type Redirection, redirectionIn, SlotMap } from './slot-map.ts';

/** A command, and the key that says where it belongs. */
export interface KeyedCommand {
  readonly key: string;
  readonly command: Command;
}

/** What came of one: a reply, or that its node was lost, so that it may or may not have happened. */
export type Answer = Reply | ConnectionLostError;

const patienceMs = 2000;
/** A node that was lost is left alone for so long: whatever needs it waits, and nothing else does. */
const restMs = 1000;
/** Times one command follows a slot that moves under it. */
const maxMoves = 3;

/** One node, and the connection to it. */
interface Node {
  readonly server: HostPort;
  connection: Promise<Connection> | undefined;
  resting: boolean;
}

/** Speaks to all nodes of one Cluster. */
export class ClusterNodes {
  readonly #target: RedisTarget;
  readonly #nodes = new Map<string, Node>();
  #map = new SlotMap();
  #isStale = true;
  #learning: Promise<void> | undefined;
  #lastAsked = 0;
  #closed = false;

  constructor(target: RedisTarget) {
    this.#target = { ...target, connectTimeoutMs: patienceMs };
  }

  /**
   * Who serves the slot of `key`, asked anew.
   * @throws ConnectionLostError when no node answers, RedisError when nobody serves it
   */
  async ownerOf(key: string): Promise<HostPort> {
    await this.#learn();
    const owner = this.#map.ownerOf(key);
    if (owner === undefined) throw new RedisError('CLUSTERDOWN nobody serves the slot of this worker');
    return owner;
  }

  /** Sends commands to where they belong, all at once, those of one key in their order; one answer for each. */
  async send(commands: readonly KeyedCommand[]): Promise<Answer[]> {
    const answers = commands.map((): Answer => nobody());
    let open = commands.map((_, at) => at);
    for (let move = 0; open.length > 0 && move <= maxMoves; move++) {
      if (this.#isStale) await this.#learn().catch(() => {}); // whoever is still there is asked all the same
      open = await this.#sendOnce(commands, open, answers);
    }
    return answers;
  }

  /** As {@link ClusterNodes.send} for commands that begin with their name and their key. */
  async pipeline(commands: readonly Command[]): Promise<Reply[]> {
    const answers = await this.send(commands.map((command) => ({ key: String(command[1]), command })));
    return answers.map((answer) =>
      answer instanceof ConnectionLostError ? new RedisError(`ERR ${answer.message}`) : answer
    );
  }

  /** Ends every connection. */
  close(): void {
    this.#closed = true;
    for (const node of this.#nodes.values()) void this.#drop(node);
  }

  /** @returns which of them have to be sent again, as their slot has moved */
  async #sendOnce(commands: readonly KeyedCommand[], open: readonly number[], answers: Answer[]): Promise<number[]> {
    const moved = await Promise.all(
      this.#byOwner(commands, open).map(async ([server, some]) => {
        const replies = await this.#pipeline(server, some.map((at) => (commands[at] as KeyedCommand).command));
        const redirected = some.map((at, index) => {
          answers[at] = replies[index] as Answer;
          return { at, to: redirectionIn(answers[at], server) };
        });
        const asked = redirected.filter(({ to }) => to?.kind === 'Ask');
        await Promise.all(asked.map(async ({ at, to }) => {
          answers[at] = await this.#ask((to as Redirection).server, (commands[at] as KeyedCommand).command);
        }));
        return redirected.flatMap(({ at, to }) => to?.kind === 'Moved' ? [this.#follow(at, to)] : []);
      }),
    );
    if (answers.some(isOutdated)) this.#isStale = true;
    return moved.flat().sort((one, other) => one - other);
  }

  #byOwner(commands: readonly KeyedCommand[], open: readonly number[]): [HostPort, number[]][] {
    const groups = new Map<string, [HostPort, number[]]>();
    for (const at of open) {
      const owner = this.#map.ownerOf((commands[at] as KeyedCommand).key);
      if (owner === undefined) continue;
      const text = formatHostPort(owner);
      const group = groups.get(text);
      if (group) group[1].push(at);
      else groups.set(text, [owner, [at]]);
    }
    return [...groups.values()];
  }

  #follow(at: number, { slot, server }: Redirection): number {
    this.#map.correct(slot, server);
    return at;
  }

  /** The slot is on its way, and this key is there already. */
  async #ask(server: HostPort, command: Command): Promise<Answer> {
    const [, answer] = await this.#pipeline(server, [['ASKING'], command]);
    return answer as Answer;
  }

  async #pipeline(server: HostPort, commands: readonly Command[]): Promise<Answer[]> {
    const node = this.#nodeOf(server);
    try {
      return await (await this.#connectionTo(node)).pipeline(commands);
    } catch (error) {
      void this.#drop(node);
      this.#isStale = true;
      const lost = asAnswer(error);
      return commands.map(() => lost);
    }
  }

  #nodeOf(server: HostPort): Node {
    const text = formatHostPort(server);
    const known = this.#nodes.get(text);
    if (known) return known;
    const node = { server, connection: undefined, resting: false };
    this.#nodes.set(text, node);
    return node;
  }

  #connectionTo(node: Node): Promise<Connection> {
    if (this.#closed) throw new ConnectionLostError('the connections to the Cluster were closed', { kind: 'closed' });
    if (node.resting) throw new ConnectionLostError(`Redis at ${formatHostPort(node.server)} cannot be reached`);
    node.connection ??= connectServer(this.#target, node.server);
    return node.connection;
  }

  async #drop(node: Node): Promise<void> {
    const { connection } = node;
    node.connection = undefined;
    if (connection === undefined) return;
    node.resting = true;
    after(restMs, () => (node.resting = false));
    await connection.then((open) => open.close(), () => {});
  }

  /** Those who ask together wait for one answer. */
  #learn(): Promise<void> {
    this.#learning ??= this.#askForSlots().finally(() => (this.#learning = undefined));
    return this.#learning;
  }

  /** Asks one node after the other, each time another one first: one that is cut off tells of what was. */
  async #askForSlots(): Promise<void> {
    const known = new Map(
      [...this.#map.nodes(), ...this.#target.address.hosts].map((one) => [formatHostPort(one), one]),
    );
    const nodes = [...known.values()];
    const first = this.#lastAsked++ % nodes.length;
    let reason: Answer = nobody();
    for (const server of [...nodes.slice(first), ...nodes.slice(0, first)]) {
      const [reply] = await this.#pipeline(server, [['CLUSTER', 'SLOTS']]);
      const map = reply === undefined || reply instanceof Error ? undefined : readSlots(reply, server);
      if (map !== undefined) {
        this.#map = map;
        this.#isStale = false;
        return;
      }
      if (reply instanceof Error) reason = reply;
    }
    throw new ConnectionLostError(`no node of the Cluster tells who serves what: ${(reason as Error).message}`);
  }
}

function nobody(): RedisError {
  return new RedisError('CLUSTERDOWN nobody serves this slot');
}

const outdatedCodes = new Set(['MOVED', 'CLUSTERDOWN', 'READONLY']);

/** True when an answer says that the slots lie otherwise than was thought. */
function isOutdated(answer: Answer): boolean {
  return answer instanceof ConnectionLostError || (answer instanceof RedisError && outdatedCodes.has(answer.code));
}

function asAnswer(error: unknown): Answer {
  if (error instanceof ConnectionLostError || error instanceof RedisError) return error;
  throw error;
}
