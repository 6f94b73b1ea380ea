/** The two connections of a session, opened at once. */
import type { Connection } from './connection.ts';

/** Opens a logged-in connection whose bulk strings come as bytes. */
export type Connect = () => Promise<Connection>;

/** What a session works with: one connection that blocks in reads, and one for everything else. */
export interface Pair {
  readonly reader: Connection;
  readonly writer: Connection;
}

/**
 * Opens both connections at once.
 * @throws what the first that fails throws; the other one is closed
 */
export async function connectPair(connect: Connect): Promise<Pair> {
  const dialled = [connect(), connect()] as const;
  try {
    const [reader, writer] = await Promise.all(dialled);
    return { reader, writer };
  } catch (error) {
    for (const one of dialled) one.then((connection) => connection.close(), () => {}); // the first failure is told
    throw error;
  }
}
