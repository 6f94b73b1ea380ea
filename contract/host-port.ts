/** Hosts and ports as flags, settings and URLs carry them: one grammar for both sides. */

/** Where something listens or is dialled. */
export interface HostPort {
  /** A name in lower case without a final dot, or an address: IPv6 without brackets, IPv4 never inside IPv6. */
  readonly host: string;
  /** 1 to 65535; 0 only where {@link parseListenAddress} allows it. */
  readonly port: number;
}

const anyAddress = '0.0.0.0';

/** Reads `host:port`, an IPv6 host in brackets; undefined when it is anything else. */
export function parseHostPort(text: string): HostPort | undefined {
  const parsed = split(text);
  const host = parsed && parseHost(parsed.host);
  return host === undefined || parsed?.port === 0 ? undefined : { host, port: parsed?.port ?? 0 };
}

/** Reads `address:port` to listen on: without an address on every one of IPv4, with port 0 on any free port. */
export function parseListenAddress(text: string): HostPort | undefined {
  const parsed = split(text);
  const host = parsed?.host === '' ? anyAddress : parsed && parseHost(parsed.host);
  return host === undefined ? undefined : { host, port: parsed?.port ?? 0 };
}

/** The text {@link parseHostPort} reads back. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Reads a host: a name, an IPv4 address, or an IPv6 address in brackets. Spellings of one host give one text.
 * @returns undefined for what no program could dial, such as `127.1`, which is a name to some and an address to others
 */
export function parseHost(text: string): string | undefined {
  if (text.startsWith('[')) return parseIPv6(text);
  const name = text.toLowerCase().replace(/\.$/, '');
  if (isIPv4(name)) return text.endsWith('.') ? undefined : name;
  const labels = name.split('.');
  const readable = name.length <= 253 && labels.every((label) => labelPattern.test(label));
  return readable && !numberPattern.test(labels.at(-1) ?? '') ? name : undefined;
}

const labelPattern = /^[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?$/;
/** A last label like this makes resolvers take the whole name for an address. */
const numberPattern = /^(\d+|0x[0-9a-f]*)$/;

function split(text: string): HostPort | undefined {
  const [, host, digits] = /^(\[[^\]]*\]|[^:[\]]*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

function isIPv4(text: string): boolean {
  const numbers = text.split('.');
  return numbers.length === 4 && numbers.every((number) => /^(0|[1-9]\d{0,2})$/.test(number) && Number(number) < 256);
}

/** Leaves the many spellings of an IPv6 address to URL, which is the same in every runtime. */
function parseIPv6(bracketed: string): string | undefined {
  const url = /^\[[0-9A-Fa-f:.]+\]$/.test(bracketed) ? `http://${bracketed}/` : '';
  if (!URL.canParse(url)) return undefined;
  const address = new URL(url).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ?? [];
  return high === undefined || low === undefined ? address : dotted(parseInt(high, 16), parseInt(low, 16));
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
