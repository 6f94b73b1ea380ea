/**
 * Has a server tell when a key changes that was read on a connection, so that nobody has to ask again and again. What it
 * tells comes on a second connection, in the protocol every version and product speaks.
 */
import type { Redis } from 'ioredis';
import { serverOfClient } from './client.ts';
import { toFault } from './fault.ts';
import { openServer } from './server.ts';
import { type RedisTarget, serverTarget } from './target.ts';

/** Told about keys that were read. */
export interface TrackingListener {
  /** These have changed since, or are gone. Told once: whoever wants to know of the next change reads the key again. */
  changed(keys: readonly string[]): void;
  /** Any of them may have: everything was flushed, or a connection was lost or opened. */
  doubted(): void;
}

/** A tracked connection. */
export interface Tracking {
  /** False: the server or the login does not allow it, and keys have to be looked up. */
  readonly isTold: boolean;
  /** Asks for a sign of life; without one both connections are dropped. */
  beat(): void;
  /** Nobody listens any more; the tracked connection lives on. */
  end(): void;
}

/** Milliseconds: of connecting, and of each command. */
export interface TrackingDeadlines {
  readonly connectMs: number;
  readonly commandMs: number;
}

/** The server sends the names of keys here. */
export const trackingChannel = '__redis__:invalidate';

/**
 * Tracks a connection that has just been opened. Both connections end together: after the loss of either, nothing is
 * known any more.
 * @throws RedisFault when the server is lost meanwhile
 */
export async function track(
  client: Redis,
  target: RedisTarget,
  deadlines: TrackingDeadlines,
  listener: TrackingListener,
): Promise<Tracking> {
  const told = await openServer(serverTarget(target, serverOfClient(client)), deadlines);
  const end = (): void => told.disconnect();
  client.once('end', end);
  try {
    const id = await told.call('CLIENT', 'ID');
    await told.subscribe(trackingChannel);
    await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id));
  } catch (error) {
    client.off('end', end);
    end();
    const fault = toFault(error, target);
    if (fault.loss !== undefined) throw fault;
    return { isTold: false, beat: () => undefined, end: () => undefined };
  }
  told.on('messageBuffer', (_channel: unknown, keys: unknown) => {
    if (Array.isArray(keys)) listener.changed(keys.map(String));
    else listener.doubted(); // a flush names no key
  });
  const lose = (): void => client.disconnect();
  told.once('end', lose);
  const beat = async (): Promise<void> => {
    try {
      await told.subscribe(trackingChannel); // one of the few commands that a connection that listens may send
    } catch (error) {
      if (toFault(error, target).loss !== undefined) end(); // a refusal is a sign of life
    }
  };
  return {
    isTold: true,
    beat: () => void beat(),
    end: () => {
      told.off('end', lose);
      end();
    },
  };
}
