/** The Redis a script sees: a plain, open port on loopback whose every connection goes on to the real one. */
import type { Address } from '../pod/address.ts';
import type { Wire } from '../redis/wire.ts';

/** Opens a connection to the real Redis, encrypted, authenticated and with its database selected as need be. */
export type OpenUpstream = () => Promise<Wire>;

/** A listening forwarder. */
export interface Forwarder {
  /** Ends every connection; the script may open new ones. */
  endConnections(): void;
  /** Stops listening and ends every connection. */
  close(): void;
}

/**
 * Listens on `address` and carries bytes both ways, as fast as the slower side takes them. What the script sends is
 * passed through as it is, AUTH and HELLO included. When Redis ends a connection, or cannot be reached, the script's
 * end is closed too.
 * @param onProblem told why a connection could not be made or broke off
 * @throws Deno.errors.AddrInUse
 */
export function startForwarder(
  address: Address,
  openUpstream: OpenUpstream,
  onProblem: (error: unknown) => void,
): Forwarder {
  const listener = Deno.listen(address);
  const open = new Set<Wire>();
  const track = (connection: Wire) => {
    open.add(connection);
    return { connection, [Symbol.dispose]: () => void (open.delete(connection), closeQuietly(connection)) };
  };

  const carry = async (script: Wire) => {
    using near = track(script);
    try {
      using far = track(await openUpstream());
      await exchange(near.connection, far.connection);
    } catch (error) {
      onProblem(error);
    }
  };

  const accept = async () => {
    for await (const connection of listener) {
      connection.setNoDelay(true);
      void carry(connection);
    }
  };
  accept().catch(onProblem);
  const endConnections = () => {
    for (const connection of open) closeQuietly(connection);
  };
  return {
    endConnections,
    close() {
      listener.close();
      endConnections();
    },
  };
}

/** Settles once Redis has ended the connection; rejects when either side breaks it off. */
async function exchange(script: Wire, redis: Wire): Promise<void> {
  const requests = copy(script, redis);
  const replies = copy(redis, script);
  // The script may end its half and still read; without Redis there is nothing more to come.
  await Promise.race([replies, requests.then(() => replies)]);
}

/** Copies until the end of `from`, then ends the half of `to`; never holds more than one buffer. */
async function copy(from: Wire, to: Wire): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let length = await from.read(buffer); length !== null; length = await from.read(buffer)) {
    for (let sent = 0; sent < length;) sent += await to.write(buffer.subarray(sent, length));
  }
  await to.closeWrite();
}

function closeQuietly(connection: Wire): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
