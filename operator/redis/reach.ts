/** Holds a connection to the addresses it may have: asked at the moment of dialling, so that no name can change meanwhile. */
import { lookup } from 'node:dns';
import { BlockList, connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { AbstractConnector } from 'ioredis';
import type { HostPort } from '../../contract/host-port.ts';

/** The addresses the servers of a Redis may have; blocks are CIDR. */
export interface Reach {
  /** Never, whatever `open` says. */
  readonly closed: readonly string[];
  /** Never on this port: addresses of what is not for workers. */
  readonly guarded?: readonly HostPort[];
  /** Nothing else, when given. */
  readonly open?: readonly string[];
  /** Hosts `open` does not hold for: they are allowed by their name. */
  readonly named?: readonly string[];
}

/** The code of the error a dial ends with that {@link admits} refuses. */
export const outOfReach = 'REDIS_OUT_OF_REACH';

/** True when an address may be dialled that a host resolved to, or is. */
export function admits(
  { closed, guarded = [], open, named = [] }: Reach,
  { host, port }: HostPort,
  address: string,
): boolean {
  const isIn = (blocks: readonly string[]) => blockList(blocks).check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  if (isIn(closed) || isIn(guarded.filter((other) => other.port === port).map((other) => other.host))) return false;
  return open === undefined || named.includes(host) || isIn(open);
}

/** Where ioredis is to connect. */
interface Dialling {
  readonly host: string;
  readonly port: number;
  readonly disconnectTimeout: number;
  readonly tls?: ConnectionOptions;
}

/** The connector of ioredis that keeps to `reach`: it takes a socket from nobody else. @param base as ioredis exports it */
export function connectorWithin(
  reach: Reach,
  base: typeof AbstractConnector,
): new (options: unknown) => AbstractConnector {
  return class extends base {
    readonly #options: Dialling;

    constructor(options: unknown) {
      super((options as Dialling).disconnectTimeout);
      this.#options = options as Dialling;
    }

    // eslint-disable-next-line @typescript-eslint/require-await -- what is refused has to come as a rejection
    override async connect(): Promise<Socket> {
      this.connecting = true;
      const socket = dial(this.#options, reach);
      this.stream = socket;
      socket.once('error', (error) => {
        this.firstError = error;
      });
      return socket;
    }
  };
}

function dial({ host, port, tls }: Dialling, reach: Reach): Socket {
  if (isIP(host) !== 0 && !admits(reach, { host, port }, host)) throw refusal();
  const to = { host, port, lookup: lookupWithin(reach, port) };
  return tls ? connectTls({ ...to, ...tls }) : connectPlain(to);
}

/** A name with one address out of reach is not dialled at all. */
function lookupWithin(reach: Reach, port: number): LookupFunction {
  return (host, options, callback) =>
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, []);
        return;
      }
      const [first] = addresses;
      if (!addresses.every(({ address }) => admits(reach, { host, port }, address))) callback(refusal(), []);
      else if (options.all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
}

function refusal(): Error {
  return Object.assign(new Error('its address is not one that may be dialled'), { code: outOfReach });
}

function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', prefix] = block.split('/');
    const isIPv6 = isIP(address) === 6;
    list.addSubnet(address, Number(prefix ?? (isIPv6 ? 128 : 32)), isIPv6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
