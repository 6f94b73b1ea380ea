/** The families of failure; anything that is neither is a bug: retried with back-off and logged with its stack. */

/** A fault that passes by itself: retried with back-off. `code` labels metrics and conditions. */
export class TransientError extends Error {
  override readonly name: string = 'TransientError';
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A fault of the user's spec: told in a condition, not retried until something changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
