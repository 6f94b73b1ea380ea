/** Addresses that settings and flags carry, in the words of Deno. */
import { type HostPort, parseHostPort } from '../../contract/host-port.ts';
import { parseRedisAddress, type RedisAddress } from '../../contract/redis-address.ts';
import { FatalError } from './fatal.ts';
import { messageOf } from './foreign.ts';

/** Where to listen or to dial. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** The same address as Deno's functions take it. */
export function addressOf({ host, port }: HostPort): Address {
  return { hostname: host, port };
}

/**
 * Reads `host:port`, an IPv6 host in brackets.
 * @throws FatalError naming `what`, a variable or a flag, when it is anything else
 */
export function readAddress(text: string, what: string): Address {
  const address = parseHostPort(text);
  if (!address) throw new FatalError('badConfig', `${what} must be host:port, not "${text.slice(0, 80)}"`);
  return addressOf(address);
}

/**
 * Reads the address of a Redis.
 * @throws FatalError naming `what` and the rule it breaks; the text is never repeated
 */
export function readRedisAddress(text: string, what: string): RedisAddress {
  try {
    return parseRedisAddress(text);
  } catch (error) {
    throw new FatalError('badConfig', `${what}: ${messageOf(error)}`);
  }
}
