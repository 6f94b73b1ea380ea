/**
 * Preloaded into a script on a machine without pod networks, where 127.0.0.1:6379 may be somebody else's: what the
 * script opens to that address goes to the runner's own port instead, told in this module's URL (`?port=<port>`).
 * Covers `Deno.connect` and `node:net`, and so every Redis client; not the Web Workers a script may start. Deno checks
 * its network scope on the new address.
 */
import net from 'node:net';

/** The address every script of the older contract connects to. */
const fixed = { port: 6379, hostnames: ['127.0.0.1', 'localhost'], replacement: '127.0.0.1' };
const port = Number(new URL(import.meta.url).searchParams.get('port'));
if (!Number.isInteger(port) || port < 1) {
  throw new Error('redirect.ts needs the port to go to: redirect.ts?port=<port>');
}

const isFixed = (hostname: unknown, to: unknown): boolean =>
  Number(to) === fixed.port &&
  (hostname === undefined || hostname === null || fixed.hostnames.includes(String(hostname)));

type DenoConnect = (options: Deno.ConnectOptions & { transport?: string }) => Promise<Deno.Conn>;

const connect = Deno.connect as DenoConnect;
const redirectedConnect: DenoConnect = (options) => {
  const tcp = (options?.transport ?? 'tcp') === 'tcp';
  return connect(
    tcp && isFixed(options?.hostname, options?.port) ? { ...options, hostname: fixed.replacement, port } : options,
  );
};
Object.defineProperty(Deno, 'connect', {
  value: redirectedConnect,
  writable: true,
  enumerable: true,
  configurable: true,
});

interface SocketOptions {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
}

function redirectedOptions(options: SocketOptions): SocketOptions {
  if (options.path !== undefined && options.path !== null) return options;
  return isFixed(options.host, options.port) ? { ...options, host: fixed.replacement, port } : options;
}

/** `connect` takes an options object, `port[, host]`, or (from `net.connect`) one array that holds the previousConnections. */
function redirectedArguments(args: unknown[]): unknown[] {
  const [first, second, ...rest] = args;
  if (Array.isArray(first)) {
    first[0] = redirectedOptions(first[0]); // in place: node marks the array itself as normalized
    return args;
  }
  if (typeof first === 'object' && first !== null) return [redirectedOptions(first), ...args.slice(1)];
  const host = typeof second === 'string' ? second : undefined;
  if (!isFixed(host, first)) return args;
  return [port, fixed.replacement, ...(host === undefined && second !== undefined ? [second] : []), ...rest];
}

const prototype = net.Socket.prototype as unknown as { connect: (this: net.Socket, ...args: unknown[]) => net.Socket };
const socketConnect = prototype.connect;
prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  return socketConnect.apply(this, redirectedArguments(args));
};
