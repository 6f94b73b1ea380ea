/** Ends connections to a server that is the master no more: it says so of itself, and takes writes, for seconds after a failover. */
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import type { Clock } from '../clock.ts';
import type { RedisLink } from './link.ts';
import { masterIn, masterQuestion, namedMasters } from './sentinel.ts';
import { type RedisTarget, sentinelTarget } from './target.ts';

/** A connection to whichever server was the master when it was opened. */
export interface ToMaster {
  /** Undefined while there is no socket. */
  readonly server: HostPort | undefined;
  /** Drops the socket: what is under way fails as if the server had closed it. */
  lose(): void;
}

/** What is watched, and by what means. */
export interface MasterWatchOptions {
  readonly clock: Clock;
  /** Behind Sentinels. */
  readonly target: RedisTarget;
  readonly masterName: string;
  /** A link to one Sentinel. */
  readonly control: (target: RedisTarget) => Pick<RedisLink, 'command'>;
  /** Told when no connection is left to look after. */
  readonly onIdle: () => void;
}

const everyMs = 1000;

/** Asks the Sentinels of one target as long as a connection to its master is open. */
export class MasterWatch {
  readonly #options: MasterWatchOptions;
  readonly #links = new Set<ToMaster>();
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: MasterWatchOptions) {
    this.#options = options;
  }

  /** Looks after this connection, too, until its socket is gone. */
  add(link: ToMaster): void {
    this.#links.add(link);
    this.#cancel ??= this.#later();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #later(): () => void {
    return this.#options.clock.after(everyMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    for (const link of this.#links) if (link.server === undefined) this.#links.delete(link);
    this.#cancel = undefined;
    if (this.#links.size === 0) {
      this.#options.onIdle();
      return;
    }
    const { target, masterName, control } = this.#options;
    const { named: [master] } = await namedMasters(
      target.hosts,
      async (sentinel) =>
        masterIn(
          await control(sentinelTarget(target, sentinel)).command(...masterQuestion(masterName)),
          target,
          sentinel,
        ),
    );
    if (master) { for (const link of this.#links) if (isElsewhere(link, master)) link.lose(); }
    if (!this.#closed) this.#cancel ??= this.#later();
  }
}

function isElsewhere({ server }: ToMaster, master: HostPort): boolean {
  return server !== undefined && formatHostPort(server) !== formatHostPort(master);
}
