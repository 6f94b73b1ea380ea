/** A connection's bytes: TCP as Deno gives it, or TLS. */

/** Of `Deno.Conn` what a connection to Redis needs. */
export type Wire = Pick<Deno.Conn, 'read' | 'write' | 'closeWrite' | 'close'>;
