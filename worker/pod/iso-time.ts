/** Times as text. */

let second = NaN;
let upToSecond = '';
let lastMs = NaN;
let lastText = '';

/** ISO 8601 of milliseconds since 1970. Many requests share a millisecond, and more a second, so their text is kept. */
export function isoTime(ms: number): string {
  if (ms === lastMs) return lastText;
  const inSecond = ms % 1000;
  if (ms - inSecond !== second) {
    second = ms - inSecond;
    upToSecond = new Date(second).toISOString().slice(0, -4);
  }
  lastMs = ms;
  return (lastText = `${upToSecond}${inSecond < 10 ? '00' : inSecond < 100 ? '0' : ''}${inSecond}Z`);
}
