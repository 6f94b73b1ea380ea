/** The caller's trace, as the field `traceparent` of a request names it: W3C Trace Context. */

/** Name of the field. */
export const traceparentField = 'traceparent';

/** A span in another process. */
export interface Traceparent {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether its caller has chosen to record the trace. */
  readonly sampled: boolean;
}

/** Reads a traceparent; what is none is undefined, and begins a new trace. */
export function parseTraceparent(text: string): Traceparent | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
