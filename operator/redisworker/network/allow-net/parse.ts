/** Reads one allow-net entry: Deno's own grammar, minus what Deno accepts but can never match. */
import { formatAddress, formatBlock, isSingle, parseAddress, parseBlock } from './address.ts';
import type { NetEntry, ParsedEntry } from './entry.ts';
import { hostProblem } from './host-name.ts';

/** The longest entry: a name of 253 characters, a wildcard in front, a port behind. */
const maxLength = 253 + '*.'.length + ':65535'.length;

/** Parses one entry as a user wrote it into its canonical form; never throws. */
export function parseEntry(text: string): ParsedEntry {
  const result = read(text);
  return typeof result === 'string'
    ? { ok: false, problem: `net entry ${JSON.stringify(text.slice(0, 80))} ${result}` }
    : { ok: true, entry: result };
}

const ipv6Block = 'is an IPv6 block: Deno has no form for it; list the addresses one by one, as in [2001:db8::1]';

/** An entry, or the rest of the sentence that says what is wrong with it. */
type Read = NetEntry | string;

function read(text: string): Read {
  const character = characterProblem(text);
  if (character !== undefined) return character;
  if (text.startsWith('unix:')) return readUnix(text.slice('unix:'.length));
  if (text.startsWith('vsock:')) return readVsock(text.slice('vsock:'.length));
  if (text.includes('://')) return 'is a URL: Deno takes hosts only; write host or host:port';
  if (text.includes('@')) return 'has a user name in it: Deno takes hosts only; write host or host:port';
  if (text.startsWith('[')) return readIPv6(text);
  if (/:.*:.*\//.test(text)) return ipv6Block;
  if (text.split(':').length > 2) {
    return 'has more than one colon: write an IPv6 address in brackets, as in [::1] or [::1]:443';
  }
  if (text.includes('/')) return readCidr(text);
  return readHost(text);
}

function characterProblem(text: string): string | undefined {
  if (text === '') return 'is empty: name a host, or leave the list empty to allow no network at all';
  if (/\s/.test(text)) return 'has white space in it: write one host per entry, without spaces';
  if (text.includes(',')) return 'has a comma in it: write each host as an entry of its own';
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'has a control character in it: remove it';
  if (/[^\u0020-\u007e]/.test(text)) {
    return 'is not ASCII: write an international name in punycode, as in xn--bcher-kva.example';
  }
  if (text.length > maxLength && !text.startsWith('unix:')) {
    return `is longer than ${maxLength} characters: no host name is`;
  }
  return undefined;
}

function readHost(text: string): Read {
  const colon = text.indexOf(':');
  const host = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
  const port = colon < 0 ? undefined : readPort(text.slice(colon + 1));
  if (typeof port === 'string') return port;
  if (host === '') return port === undefined ? 'names no host' : { kind: 'loopback', port };
  const address = parseAddress(host);
  if (address !== undefined) return { kind: 'ip', address: formatAddress(address), ...withPort(port) };
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  const problem = hostProblem(name);
  if (problem !== undefined) return problem;
  return name.startsWith('*.')
    ? { kind: 'wildcard', suffix: name.slice(2), ...withPort(port) }
    : { kind: 'name', host: name, ...withPort(port) };
}

function readIPv6(text: string): Read {
  const match = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (match?.[1] === undefined) {
    return text.includes('/') ? ipv6Block : 'has unbalanced brackets: write an IPv6 address as [::1] or [::1]:443';
  }
  const [, inner] = match;
  if (inner.includes('/')) return ipv6Block;
  if (inner.includes('%')) {
    return 'has a zone in its address: Deno drops zones and would allow the address on every link; write it without the zone';
  }
  const address = inner.includes(':') ? parseAddress(inner) : undefined;
  if (address === undefined) {
    return 'has no IPv6 address in its brackets: write one as in [2001:db8::1], and IPv4 without brackets';
  }
  const port = match[2] === undefined ? undefined : readPort(match[2]);
  if (typeof port === 'string') return port;
  return { kind: 'ip', address: formatAddress(address), ...withPort(port) };
}

function readCidr(text: string): Read {
  const [blockText = '', portText, ...rest] = text.split(':');
  if (!/^[\d.]+\//.test(text) || rest.length > 0) {
    return 'has a path in it: Deno takes hosts only; write host or host:port';
  }
  const block = parseBlock(blockText);
  if (block === undefined) {
    return 'is not an IPv4 block: write four numbers of 0 to 255 without leading zeros and a prefix of 0 to 32, as in 10.0.0.0/8';
  }
  const port = portText === undefined ? undefined : readPort(portText);
  if (typeof port === 'string') return port;
  return isSingle(block)
    ? { kind: 'ip', address: formatAddress(block), ...withPort(port) }
    : { kind: 'cidr', cidr: formatBlock(block), ...withPort(port) };
}

/** Deno splits its list at commas and compares paths as text, so only a plain absolute path matches. */
function readUnix(path: string): Read {
  const plain = /^(\/[^/]+)+$/.test(path) && path.split('/').every((part) => part !== '.' && part !== '..');
  return plain
    ? { kind: 'unix', path }
    : 'is not an absolute path of a socket: write unix:/run/app.sock, without "//", "." or ".."';
}

function readVsock(text: string): Read {
  const match = /^(-1|\d{1,10}):(\d{1,10})$/.exec(text);
  const [cid, port] = [Number(match?.[1]), Number(match?.[2])];
  const anyCid = 0xffff_ffff;
  const valid = match !== null && cid <= anyCid && port >= 1 && port <= 0xffff_ffff;
  return valid
    ? { kind: 'vsock', cid: cid === anyCid ? -1 : cid, port }
    : 'is not a VM socket: write vsock:<context id>:<port>, with -1 for any context';
}

function readPort(text: string): number | string {
  if (text === '') return 'has a colon but no port: write host:port, or host alone for every port';
  if (/^\d+-\d+$/.test(text)) {
    return 'has a range of ports: Deno takes one port per entry; write one entry for each port, or no port for all';
  }
  if (/^0+$/.test(text)) {
    return 'has port 0, which nothing can connect to: write a port of 1 to 65535, or none for every port';
  }
  const port = Number(text);
  return /^[1-9]\d{0,4}$/.test(text) && port <= 65_535
    ? port
    : `has the port ${JSON.stringify(text.slice(0, 20))}: write a number of 1 to 65535 without sign or leading zeros`;
}

function withPort(port: number | undefined): { port?: number } {
  return port === undefined ? {} : { port };
}
