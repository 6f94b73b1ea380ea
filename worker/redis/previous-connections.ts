/** What the server still has of connections this process has given up. */
import type { Connection } from './connection.ts';
import { textOf } from './replies.ts';
import type { Command } from './commands.ts';

/**
 * Closes lost connections on the server's side too. Their bytes may still be on the way: a commit among them would
 * happen after it has been made again over a new connection, and answer its requests twice.
 */
export class PreviousConnections {
  #kills: readonly Command[] = [];

  /**
   * Ends what is left of the last connections, and remembers the ones that take their place. A user who may not use
   * CLIENT INFO and CLIENT KILL works as well, with that gap left open.
   * @throws ConnectionLostError
   */
  async replaceBy(connections: readonly Connection[]): Promise<void> {
    const kills = this.#kills;
    const replies = await Promise.all(
      connections.map((connection) => connection.pipeline([...kills, ['CLIENT', 'INFO']])),
    );
    this.#kills = replies.flatMap((all) => killCommand(textOf(all.at(-1))));
  }
}

/** By id and address: a server that was restarted counts its ids from 1 again. */
function killCommand(info: string): Command[] {
  const [, id, address] = /^id=(\d+) addr=(\S+)/.exec(info) ?? [];
  return id === undefined || address === undefined ? [] : [['CLIENT', 'KILL', 'ID', id, 'ADDR', address]];
}
