/** A connection's bytes: TCP as Deno gives it, or TLS. */

/** Of `Deno.Conn` what a connection to Redis needs. */
export type Wire = Pick<Deno.Conn, 'read' | 'write' | 'closeWrite' | 'close'>;

/** Writes all of `bytes`, in as many parts as the socket takes them. */
export async function writeAll(conn: Wire, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(at === 0 ? bytes : bytes.subarray(at));
}
