/** The response: one entry of the response stream, which the operator counts. */

/** The largest code that is read as one. */
export const largestCode = 999_999_999;

/** A finished request as the response stream tells it. */
export interface Response {
  readonly ref: string;
  /** Reply code; undefined when the entry carries none that can be read. */
  readonly code: number | undefined;
  /** Entry id of the request, when the worker told it. */
  readonly xid?: string;
  /** Consumer id, when our runtime wrote the entry. */
  readonly consumer?: string;
  /** Milliseconds the handler took, when our runtime wrote the entry. */
  readonly ms?: number;
  readonly attempt?: number;
}

/**
 * Reads an entry in any of the three forms in use: ours (`ref type xid code res …`), the older
 * `ref workerUrl code`, and the older `ref type xid res` with the code inside the JSON of `res`.
 * Returns undefined for an entry without `ref`.
 */
export function decodeResponse(entry: Readonly<Record<string, string>>): Response | undefined {
  const { ref, code, res, xid, consumer, ms, attempt } = entry;
  if (!ref) return undefined;
  return {
    ref,
    code: wholeNumber(code) ?? codeInside(res),
    ...(xid ? { xid } : {}),
    ...(consumer ? { consumer } : {}),
    ...numeric('ms', ms),
    ...numeric('attempt', attempt),
  };
}

function codeInside(res: string | undefined): number | undefined {
  if (!res) return undefined;
  try {
    const value: unknown = JSON.parse(res);
    if (typeof value !== 'object' || value === null || !('code' in value)) return undefined;
    return wholeNumber(String(value.code));
  } catch {
    return undefined; // a reply that is not JSON simply has no code to count
  }
}

/** Nine digits at most, which is {@link largestCode}. */
function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function numeric<Name extends 'ms' | 'attempt'>(name: Name, text: string | undefined): { [K in Name]?: number } {
  const value = wholeNumber(text);
  return value === undefined ? {} : ({ [name]: value } as { [K in Name]: number });
}
