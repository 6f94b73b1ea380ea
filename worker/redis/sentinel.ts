/** A Redis behind Sentinels: they are asked which server is the master, and the one they name is looked at. */
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import { quotable } from '../../contract/foreign-text.ts';
import type { Connection } from './connection.ts';
import { connectServer } from './connection.ts';
import { ConnectionLostError } from './connection-lost.ts';
import type { RedisTarget } from './dial.ts';
import { itemsOf, textOf } from './replies.ts';
import { RedisError, type Reply } from './resp.ts';

/** Milliseconds one Sentinel, or the server it names, may take before the next Sentinel is asked. */
const patienceMs = 2000;

/** The Sentinels of one set of servers. */
export class Sentinels {
  readonly #target: RedisTarget;
  readonly #masterName: string;
  /** In the order they are asked: who has told the truth last comes first. */
  #sentinels: readonly HostPort[];
  #finding: Promise<HostPort> | undefined;
  #last: HostPort | undefined;
  /** Asks the same question again and again. */
  #asking: { readonly sentinel: HostPort; readonly connection: Promise<Connection> } | undefined;

  /** @param masterName what they call the set */
  constructor(target: RedisTarget, masterName: string) {
    this.#target = target;
    this.#masterName = masterName;
    this.#sentinels = target.address.hosts;
  }

  /**
   * The server that is the master and says so. Whoever asks while others wait gets their answer, so that connections
   * that are opened together lead to one server.
   * @throws ConnectionLostError when no Sentinel leads to one
   */
  master(): Promise<HostPort> {
    this.#finding ??= this.#find().finally(() => (this.#finding = undefined));
    return this.#finding;
  }

  /** True when a Sentinel names another server than the one that was found last; while none answers nobody knows better. */
  async haveMoved(): Promise<boolean> {
    const [sentinel] = this.#sentinels;
    if (sentinel === undefined || this.#last === undefined) return false;
    this.#asking ??= { sentinel, connection: connectServer(this.#asOneOfThem(), sentinel) };
    const { connection } = this.#asking;
    try {
      const named = await this.#question(await connection, this.#asking.sentinel);
      return formatHostPort(named) !== formatHostPort(this.#last);
    } catch {
      connection.then((open) => open.close(), () => {});
      this.#asking = undefined;
      this.#sentinels = [...this.#sentinels.slice(1), sentinel];
      return false;
    }
  }

  async #find(): Promise<HostPort> {
    const reasons = new Set<string>();
    for (const sentinel of this.#sentinels) {
      try {
        const master = await this.#ask(sentinel);
        await this.#lookAt(master);
        this.#sentinels = [sentinel, ...this.#sentinels.filter((other) => other !== sentinel)];
        return this.#last = master;
      } catch (error) {
        if (!(error instanceof ConnectionLostError || error instanceof RedisError)) throw error;
        reasons.add(error.message);
      }
    }
    throw new ConnectionLostError(`no Sentinel leads to a master of "${this.#masterName}": ${[...reasons].join('; ')}`);
  }

  #ask(sentinel: HostPort): Promise<HostPort> {
    return using(this.#asOneOfThem(), sentinel, (connection) => this.#question(connection, sentinel));
  }

  async #question(connection: Connection, sentinel: HostPort): Promise<HostPort> {
    const reply = await connection.commandWithin(patienceMs, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#masterName);
    const master = serverIn(reply);
    if (master) return master;
    throw new RedisError(`ERR the Sentinel at ${formatHostPort(sentinel)} knows no set "${this.#masterName}"`);
  }

  /** Sentinels have no databases, and users of their own. */
  #asOneOfThem(): RedisTarget {
    const { address, tls, name, sentinel } = this.#target;
    const target = { address: { ...address, db: 0 }, name, connectTimeoutMs: patienceMs };
    return { ...target, ...(tls ? { tls } : {}), ...sentinel };
  }

  /** A Sentinel that is cut off from the others still names the server that was the master before. */
  async #lookAt(server: HostPort): Promise<void> {
    await using(this.#target, server, async (connection) => {
      const [role] = await connection.pipeline([['ROLE']], patienceMs);
      if (role instanceof RedisError && role.code === 'NOPERM') return; // whoever may not ask finds out by writing
      if (role instanceof RedisError) throw role;
      const told = textOf(itemsOf(role)[0]);
      if (told === 'master') return;
      throw new RedisError(`ERR the server at ${formatHostPort(server)} is no master but ${quotable(told)}`);
    });
  }
}

async function using<T>(
  target: RedisTarget,
  server: HostPort,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connectServer({ ...target, connectTimeoutMs: patienceMs }, server);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

/** The server a Sentinel names; undefined when it names none. Pure. */
export function serverIn(reply: Reply): HostPort | undefined {
  const [host, port] = itemsOf(reply).map(textOf);
  return host && /^[1-9]\d{0,4}$/.test(port ?? '') ? { host, port: Number(port) } : undefined;
}
