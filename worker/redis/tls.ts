/**
 * TLS of `node:tls`. Deno's own trusts the system's authorities beside those it is given, shows a certificate only where the
 * server is named as it is dialled, and knows no lowest version; this one means by each setting what it means to the operator.
 */
import type { TLSSocket } from 'node:tls';
import type { HostPort } from '../../contract/host-port.ts';
import { type RedisTls, tlsOptions } from '../../contract/redis-tls.ts';
import { after } from '../pod/timers.ts';
import type { Wire } from './wire.ts';

/**
 * Dials and shakes hands; whoever does not answer in time is hung up on.
 * @throws Error of the socket; `tlsCodeOf` tells whether TLS is what failed
 */
export async function dialTls({ host, port }: HostPort, tls: RedisTls, timeoutMs: number): Promise<Wire> {
  const { connect } = await import('node:tls'); // loaded by those who speak TLS alone
  const socket = connect({ host, port, ...tlsOptions(tls) });
  const wire = new TlsWire(socket);
  const timer = after(timeoutMs, () => wire.close());
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(closed()));
    });
    socket.setNoDelay(true);
    return wire;
  } catch (error) {
    wire.close();
    throw error;
  } finally {
    timer.cancel();
  }
}

/**
 * Reads on demand, so that a slow reader slows the server down. One read and one write at a time, as with `Deno.Conn`.
 * Deno does not tell every write that was under way of the end, and keeps no record of the error: both are done here.
 */
class TlsWire implements Wire {
  readonly #socket: TLSSocket;
  #rest: Uint8Array = new Uint8Array(0);
  #failure: Error | undefined;
  #wake = (): void => {};
  #failWrite = (_error: Error): void => {};

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('error', (error: Error) => {
      this.#failure ??= error;
      this.#failWrite(error);
    });
    socket.on('close', () => this.#failWrite(this.#failure ?? closed()));
    for (const event of ['readable', 'error', 'end', 'close']) socket.on(event, () => this.#wake());
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#rest.length === 0) {
      const bytes = this.#socket.read() as Uint8Array | null;
      if (bytes !== null) this.#rest = bytes;
      else if (this.#failure) throw this.#failure;
      else if (this.#socket.readableEnded || this.#socket.destroyed) return null;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const bytes = this.#rest.subarray(0, into.length);
    into.set(bytes);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#failure || this.#socket.destroyed) return reject(this.#failure ?? closed());
      this.#failWrite = reject;
      this.#socket.write(bytes, (error) => (error ? reject(this.#failure ?? error) : resolve(bytes.length)));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve();
      this.#socket.once('close', resolve);
      this.#socket.end(resolve);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

function closed(): Error {
  return new Error('the connection was closed');
}
