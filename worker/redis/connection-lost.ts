/** The connection is gone, or the server did not answer in time; what was in flight may or may not have happened. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  /** `closed` by this side, `refused` by a server that said it would not read on, else `lost`. */
  readonly kind: 'closed' | 'refused' | 'lost';
  constructor(message: string, options?: ErrorOptions & { readonly kind?: 'closed' | 'refused' }) {
    super(message, options);
    this.kind = options?.kind ?? 'lost';
  }
}
