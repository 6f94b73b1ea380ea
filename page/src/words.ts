/** Numbers and times as people read them. Pure. */

/** 1234567 as 1.2M; below a thousand as it is. */
export function amount(value: number | undefined): string {
  if (value === undefined) return '–';
  for (const [size, letter] of [[1e9, 'G'], [1e6, 'M'], [1e4, 'k']] as const) {
    if (value >= size) {
      const unit = letter === 'k' ? 1e3 : size;
      return `${trimmed(value / unit)}${letter}`;
    }
  }
  return value.toLocaleString('en');
}

/** Per second. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  return `${perSecond >= 100 ? amount(Math.round(perSecond)) : trimmed(perSecond)}/s`;
}

/** Share of failures. */
export function share(failed: number, total: number): string {
  if (total === 0) return '–';
  const percent = (failed / total) * 100;
  if (failed > 0 && percent < 0.1) return '<0.1%';
  return `${percent >= 10 ? Math.round(percent) : trimmed(percent)}%`;
}

/** Milliseconds. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 1000 ? `${Math.round(ms)} ms` : `${trimmed(ms / 1000)} s`;
}

/** How long before `now` something was, both ISO 8601. */
export function ago(time: string | undefined, now: string): string {
  if (time === undefined) return '–';
  const seconds = Math.max(0, Math.round((Date.parse(now) - Date.parse(time)) / 1000));
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}

/** `1 worker`, `2 workers`. */
export function counted(count: number, what: string): string {
  return `${amount(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** JSON for the eye; any other text as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function trimmed(value: number): string {
  return value.toFixed(value >= 10 ? 0 : 1).replace(/\.0$/, '');
}
