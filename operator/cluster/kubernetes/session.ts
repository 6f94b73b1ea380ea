/** The connections to the API server, shared by all calls, with credentials that stay fresh. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { ClusterConfig, Credentials, Tls } from './credentials.ts';
import { type Connections, openConnections, retire } from './exchange.ts';
import type { Log } from './hooks.ts';

/** How long credentials are used before files and plugins are asked again. */
const freshMs = 60_000;
/** Connections for plain calls; a watch has one of its own. */
export const maxCallConnections = 16;

/** For the lease, and for what is urgent while it is renewed. */
const leaseConnections = 4;

/** What one request is made with. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly calls: Connections;
  readonly watches: Connections;
  /** Connections that nothing else can hold up: the one the lease is renewed on is warm when something urgent comes. */
  readonly lease: Connections;
}

/** Hands out the current access. */
export class Session {
  readonly server: string;
  readonly #config: ClusterConfig;
  readonly #clock: Clock;
  readonly #log: Log;
  #current: Connected;
  #readAt: number;
  #reading: Promise<void> | undefined;

  private constructor(config: ClusterConfig, clock: Clock, log: Log, credentials: Credentials) {
    this.server = config.server;
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.#current = connect(config.server, credentials);
    this.#readAt = clock.now();
  }

  /** @throws Error when the credentials cannot be read the first time */
  static async open(config: ClusterConfig, clock: Clock, log: Log): Promise<Session> {
    return new Session(config, clock, log, await config.credentials());
  }

  /** What to make a request with now. Nothing waits for files and plugins until what they said before is refused. */
  access(): Access {
    if (this.#clock.now() - this.#readAt >= freshMs) void this.#readOnce(false);
    return this.#current;
  }

  /** Reads everything again because `refused` was answered 401; calls that fail together read once. */
  async renew(refused: Access): Promise<Access> {
    if (refused === this.#current) await this.#readOnce(true);
    return this.#current;
  }

  /** Cuts what is under way. */
  close(): void {
    for (const connections of allOf(this.#current)) connections.destroy();
  }

  #readOnce(anew: boolean): Promise<void> {
    this.#reading ??= this.#read(anew).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(anew: boolean): Promise<void> {
    try {
      this.#take(await this.#config.credentials(anew));
    } catch (error) {
      this.#log.warn({ err: error }, 'the credentials could not be read again, going on with the old ones');
    }
    this.#readAt = this.#clock.now();
  }

  #take(credentials: Credentials): void {
    const old = this.#current;
    if (digestOf(credentials.tls) === old.digest) {
      this.#current = { ...old, headers: credentials.headers }; // a new object: `renew` tells it from the refused one
      return;
    }
    this.#current = connect(this.server, credentials);
    allOf(old).forEach(retire);
  }
}

type Connected = Access & { readonly digest: string };

/** Watches take one each. */
function connect(server: string, { tls, headers }: Credentials): Connected {
  return {
    headers,
    digest: digestOf(tls),
    calls: openConnections(server, tls, maxCallConnections),
    watches: openConnections(server, tls),
    lease: openConnections(server, tls, leaseConnections),
  };
}

function allOf({ calls, watches, lease }: Access): Connections[] {
  return [calls, watches, lease];
}

function digestOf(tls: Tls): string {
  const text = JSON.stringify(
    [tls.ca, tls.cert, tls.key].map((value) => value?.toString()).concat([
      tls.servername,
      String(tls.rejectUnauthorized),
    ]),
  );
  return createHash('sha256').update(text).digest('hex');
}
