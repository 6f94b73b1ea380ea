/** The text that says which database is meant, as the first workers of this kind read it: `user:password@tcp(host:3306)/name`. */
import { parseHostPort } from '../../../contract/host-port.ts';

/** Where a database is, and who asks. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  /** Whether it is spoken to by TLS, and whether its certificate is checked. */
  readonly tls: 'none' | 'checked' | 'unchecked';
}

const defaultPort = 3306;

/** @throws Error in one sentence, which holds no password */
export function parseDsn(text: string): DatabaseAddress {
  const slash = text.lastIndexOf('/');
  if (slash < 0) throw new Error('sql.New must be given user:password@tcp(host:port)/database, with the slash');
  const [name = '', options = ''] = text.slice(slash + 1).split('?');
  const at = text.lastIndexOf('@', slash);
  return {
    ...addressOf(text.slice(at + 1, slash)),
    ...loginOf(text.slice(0, Math.max(at, 0))),
    database: name === '' ? undefined : decodeURIComponent(name),
    tls: tlsOf(new URLSearchParams(options).get('tls')),
  };
}

function loginOf(text: string): Pick<DatabaseAddress, 'user' | 'password'> {
  const colon = text.indexOf(':');
  if (colon < 0) return { user: text === '' ? undefined : text, password: undefined };
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function addressOf(place: string): { host: string; port: number } {
  const [, net = '', address] = /^([^(]*)(?:\((.*)\))?$/.exec(place) ?? [];
  if (net !== '' && net !== 'tcp') throw new Error(`sql.New reaches databases by tcp, and by "${net}" none`);
  if (!address) return { host: '127.0.0.1', port: defaultPort };
  const given = parseHostPort(address) ?? parseHostPort(`${address}:${defaultPort}`);
  if (given === undefined) throw new Error(`"${address}" is no host and port of a database`);
  return { host: given.host, port: given.port };
}

function tlsOf(option: string | null): DatabaseAddress['tls'] {
  if (option === null || option === 'false') return 'none';
  return option === 'true' ? 'checked' : 'unchecked';
}
