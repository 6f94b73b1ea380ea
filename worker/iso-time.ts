/** Times as text. */

let lastMs = NaN;
let lastText = '';

/** ISO 8601 of milliseconds since 1970. Many requests share a millisecond, so the last text is kept. */
export function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
