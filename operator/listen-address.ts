/** Flags that say where to listen. */
import { InvalidArgumentError } from 'commander';
import { parseListenAddress } from '../contract/host-port.ts';

/** Where to listen. */
export interface ListenAddress {
  readonly address: string;
  readonly port: number;
}

/** Reads `address:port`. @throws InvalidArgumentError */
export function listenAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (!address) throw new InvalidArgumentError('must be address:port, such as 127.0.0.1:8080');
  return { address: address.host, port: address.port };
}
