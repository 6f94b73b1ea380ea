/** One shared set of connections to the API server, with credentials that stay fresh. */
import { createHash } from 'node:crypto';
import { Agent } from 'undici';
import type { Clock } from '../../clock.ts';
import type { ClusterConfig, Credentials, Tls } from './config.ts';
import type { Log } from './hooks.ts';

/** How long credentials are used before files and plugins are asked again. */
const freshMs = 60_000;
/** Connections for plain calls; a watch has one of its own. */
export const maxCallConnections = 16;

/** What one request is made with. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly calls: Agent;
  readonly watches: Agent;
}

/** Hands out the current access. */
export interface Session {
  readonly server: string;
  access(): Promise<Access>;
  /** Reads everything again because `refused` was answered 401; calls that fail together reload once. */
  renew(refused: Access): Promise<Access>;
  close(): Promise<void>;
}

/** @throws Error when the credentials cannot be read the first time */
export async function openSession(config: ClusterConfig, clock: Clock, log: Log): Promise<Session> {
  let current = withAgents(await config.credentials());
  let readAt = clock.now();
  let reading: Promise<void> | undefined;

  const read = async (anew: boolean): Promise<void> => {
    try {
      const credentials = await config.credentials(anew);
      const digest = digestOf(credentials.tls);
      if (digest === current.digest) {
        current = { ...current, headers: credentials.headers }; // a new object: `renew` tells it from the refused one
      } else {
        void closeAgents(current); // ends after the calls and watches that are under way
        current = withAgents(credentials);
      }
    } catch (error) {
      log.warn({ err: error }, 'the credentials could not be read again, going on with the old ones');
    }
    readAt = clock.now();
  };
  const readOnce = (anew: boolean): Promise<void> => reading ??= read(anew).finally(() => { reading = undefined; });

  return {
    server: config.server,
    async access() {
      if (clock.now() - readAt >= freshMs) await readOnce(false);
      return current;
    },
    async renew(refused) {
      if (refused === current) await readOnce(true);
      return current;
    },
    close: () => Promise.all([current.calls.destroy(), current.watches.destroy()]).then(() => undefined),
  };
}

/**
 * HTTP/1.1, because undici would open an HTTP/2 session per burst of calls. Watches are silent for minutes:
 * no time limit of undici's applies to their bodies.
 */
function withAgents({ tls, headers }: Credentials): Access & { digest: string } {
  const connect = { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 };
  const shared = { allowH2: false, connect, pipelining: 1 };
  return {
    headers,
    digest: digestOf(tls),
    calls: new Agent({ ...shared, connections: maxCallConnections }),
    watches: new Agent({ ...shared, bodyTimeout: 0, headersTimeout: 30_000 }),
  };
}

async function closeAgents(access: Access): Promise<void> {
  await Promise.all([access.calls.close(), access.watches.close()]);
}

function digestOf(tls: Tls): string {
  const text = JSON.stringify([tls.ca, tls.cert, tls.key].map((value) => value?.toString()).concat([tls.servername, String(tls.rejectUnauthorized)]));
  return createHash('sha256').update(text).digest('hex');
}
