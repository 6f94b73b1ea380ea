/**
 * When a job is due. The fields are second, minute, hour, day of month, month and, if there is a sixth, day of week; the
 * descriptors and `@every` are those of the library the first workers of this kind use, and so is what happens when
 * clocks are put forward: what falls into the hour that is left out is not run that day. Pure.
 */

/** The next time after another, in milliseconds since 1970; undefined where there is none within five years. */
export type Schedule = (afterMs: number) => number | undefined;

/** The schedule of an expression; undefined when it is none. @param timeZone name of a zone; UTC when empty */
export function scheduleOf(expression: string, timeZone: string): Schedule | undefined {
  const [, given, rest = ''] = /^(?:(?:CRON_)?TZ=(\S+)\s+)?(.*)$/s.exec(expression.trim()) ?? [];
  const every = /^@every\s+(.+)$/.exec(rest);
  if (every) return everyOf(every[1] ?? '');
  const fields = (descriptors[rest] ?? rest).split(/\s+/);
  if (fields.length < 5 || fields.length > 6) return undefined;
  const sets = fields.map((field, at) => setOf(field, parts[at] as Part));
  const zone = zoneOf(given ?? timeZone);
  if (zone === undefined || sets.some((set) => set === undefined)) return undefined;
  const [second, minute, hour, day, month, weekday = setOf('*', parts[5])] = sets as FieldSet[];
  return (afterMs) => nextMatch({ second, minute, hour, day, month, weekday } as Fields, zone, afterMs);
}

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

/** Whole seconds, the same for all workers whenever they began: counted from 1970. */
function everyOf(text: string): Schedule | undefined {
  if (!/^(\d+(\.\d+)?(h|m|s|ms))+$/.test(text)) return undefined;
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  const total = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0),
    0,
  );
  const ms = Math.max(1000, Math.floor(total / 1000) * 1000);
  return (afterMs) => (Math.floor(afterMs / ms) + 1) * ms;
}

interface Part {
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const parts: readonly Part[] = [
  { from: 0, to: 59 },
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31 },
  { from: 1, to: 12, names: months },
  { from: 0, to: 6, names: weekdays },
];

/** The values a field allows, and whether it says anything at all. */
interface FieldSet {
  readonly values: ReadonlySet<number>;
  readonly isAny: boolean;
}

interface Fields {
  readonly second: FieldSet;
  readonly minute: FieldSet;
  readonly hour: FieldSet;
  readonly day: FieldSet;
  readonly month: FieldSet;
  readonly weekday: FieldSet;
}

function setOf(field: string, part: Part | undefined): FieldSet | undefined {
  if (part === undefined) return undefined;
  const ranges = field.split(',').map((range) => rangeOf(range, part));
  if (ranges.some((range) => range === undefined)) return undefined;
  return { values: new Set(ranges.flatMap((range) => range ?? [])), isAny: /(^|,)[*?]($|,|\/1$)/.test(field) };
}

function rangeOf(text: string, part: Part): number[] | undefined {
  const [range = '', step, ...more] = text.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return undefined;
  const every = Number(step ?? 1);
  const [low = '', high, ...others] = range === '*' || range === '?'
    ? [String(part.from), String(part.to)]
    : range.split('-');
  if (others.length > 0) return undefined;
  const from = valueOf(low, part);
  const to = high !== undefined ? valueOf(high, part) : step === undefined ? from : part.to;
  if (from === undefined || to === undefined || from < part.from || to > part.to || from > to) return undefined;
  return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, at) => from + at * every);
}

function valueOf(text: string, { names, from }: Part): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + from;
  return /^\d{1,2}$/.test(text) ? Number(text) : undefined;
}

/** The wall clock of a zone. */
interface Wall {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

type Zone = (ms: number) => Wall;

const zones = new Map<string, Zone | undefined>();

function zoneOf(name: string): Zone | undefined {
  if (!zones.has(name)) zones.set(name, makeZone(name));
  return zones.get(name);
}

function makeZone(name: string): Zone | undefined {
  if (name === '' || name === 'UTC' || name === 'Local') return wallOf;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    // All zones there are differ from UTC by whole minutes, and change by them on whole quarters of an hour.
    let [quarter, offset] = [NaN, 0];
    return (ms) => {
      if (Math.floor(ms / 900_000) !== quarter) {
        quarter = Math.floor(ms / 900_000);
        offset = offsetOf(format, quarter * 900_000);
      }
      return wallOf(ms + offset);
    };
  } catch {
    return undefined; // there is no such zone
  }
}

function offsetOf(format: Intl.DateTimeFormat, ms: number): number {
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day, hour, minute, second } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - ms;
}

function wallOf(ms: number): Wall {
  const date = new Date(ms);
  return {
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const fiveYearsMs = 5 * 366 * 24 * hourMs;

/** Goes on by whole hours, minutes and seconds of the wall clock, which also lead over the days it is changed on. */
function nextMatch(fields: Fields, zone: Zone, afterMs: number): number | undefined {
  const until = afterMs + fiveYearsMs;
  for (let at = (Math.floor(afterMs / secondMs) + 1) * secondMs; at < until;) {
    const step = stepOver(fields, zone(at));
    if (step === 0) return at;
    at += step;
  }
  return undefined;
}

/** Milliseconds to the next moment that may match; 0 when this one does. */
function stepOver(fields: Fields, wall: Wall): number {
  const isOtherHour = !fields.month.values.has(wall.month) || !dayMatches(fields, wall) ||
    !fields.hour.values.has(wall.hour);
  if (isOtherHour) return hourMs - (wall.minute * 60 + wall.second) * secondMs;
  if (!fields.minute.values.has(wall.minute)) return minuteMs - wall.second * secondMs;
  return fields.second.values.has(wall.second) ? 0 : secondMs;
}

/** Where both fields name days, either will do. */
function dayMatches({ day, weekday }: Fields, wall: Wall): boolean {
  const [inMonth, inWeek] = [day.values.has(wall.day), weekday.values.has(wall.weekday)];
  return day.isAny || weekday.isAny ? inMonth && inWeek : inMonth || inWeek;
}
