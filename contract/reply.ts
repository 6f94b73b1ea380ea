/** The reply: the one JSON element of the list `res:<ref>`, which the caller pops. */

/** What the caller gets back. `data` on success, `err` otherwise. */
export interface Reply {
  readonly ref: string;
  /** HTTP-like: 200 done, 4xx the request's fault, 5xx the worker's. */
  readonly code: number;
  /** The worker type that answered. */
  readonly source: string;
  /** ISO 8601 time of the answer. */
  readonly time: string;
  readonly data?: unknown;
  readonly err?: { readonly message: string };
}

/** Codes our runtime gives by itself. */
export const replyCodes = { ok: 200, badRequest: 400, failed: 500, timedOut: 504 } as const;

/** True for the codes that count as success: 200 to 299. */
export function isSuccess(code: number): boolean {
  return code >= 200 && code < 300;
}

/**
 * Reads a reply as any worker may have written it; unknown fields are ignored.
 * @throws Error when the text is not a JSON object with a numeric `code`.
 */
export function decodeReply(text: string): Reply {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('code' in value) || typeof value.code !== 'number') {
    throw new Error('the reply is not a JSON object with a numeric "code"');
  }
  const reply = value as Record<string, unknown> & { code: number };
  const message = typeof reply['err'] === 'object' && reply['err'] !== null
    ? (reply['err'] as Record<string, unknown>)['message']
    : undefined;
  return {
    ref: typeof reply['ref'] === 'string' ? reply['ref'] : '',
    code: reply.code,
    source: typeof reply['source'] === 'string' ? reply['source'] : '',
    time: typeof reply['time'] === 'string' ? reply['time'] : '',
    ...('data' in reply ? { data: reply['data'] } : {}),
    ...(typeof message === 'string' ? { err: { message } } : {}),
  };
}
