/** Times as text. */

let second = NaN;
let upToSecond = '';

/** ISO 8601 of milliseconds since 1970. Many requests share a second, so its text is kept. */
export function isoTime(ms: number): string {
  const inSecond = ms % 1000;
  if (ms - inSecond !== second) {
    second = ms - inSecond;
    upToSecond = new Date(second).toISOString().slice(0, -4);
  }
  return `${upToSecond}${inSecond < 10 ? '00' : inSecond < 100 ? '0' : ''}${inSecond}Z`;
}
