/** Looks a host name up the way every program on this machine does. */
import { lookup } from 'node:dns/promises';

/** IPv4 and IPv6 addresses of a name; none when it has none or nobody answers. */
export async function resolveHost(host: string): Promise<string[]> {
  try {
    return [...new Set((await lookup(host, { all: true })).map(({ address }) => address))];
  } catch {
    return []; // the connection to it fails too, and says why
  }
}
