/** Ages as kubectl prints them: short, and coarser the older. */

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** From this many seconds on, an age is told in `unit`, and with the remainder in `rest` if there is one. */
const scales: readonly { from: number; unit: [number, string]; rest?: [number, string] }[] = [
  { from: 8 * year, unit: [year, 'y'] },
  { from: 2 * year, unit: [year, 'y'], rest: [day, 'd'] },
  { from: 8 * day, unit: [day, 'd'] },
  { from: 2 * day, unit: [day, 'd'], rest: [hour, 'h'] },
  { from: 8 * hour, unit: [hour, 'h'] },
  { from: 3 * hour, unit: [hour, 'h'], rest: [minute, 'm'] },
  { from: 10 * minute, unit: [minute, 'm'] },
  { from: 2 * minute, unit: [minute, 'm'], rest: [1, 's'] },
  { from: 0, unit: [1, 's'] },
];

/** The age in `seconds` as `45s`, `3m20s`, `5h`, `2d4h` … */
export function formatAge(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const scale = scales.find(({ from }) => whole >= from);
  if (scale === undefined) return '0s';
  const { unit: [size, letter], rest } = scale;
  const count = `${Math.floor(whole / size)}${letter}`;
  if (rest === undefined) return count;
  const remainder = Math.floor((whole % size) / rest[0]);
  return remainder === 0 ? count : `${count}${remainder}${rest[1]}`;
}
