/** Collects figures as they are measured; what cannot be measured is told with its reason, and is absent. */
import { significant } from '../statistics.ts';
import type { Figure, Figures } from './figures.ts';

/** Figures so far. */
export class Report {
  readonly figures: Figures = {};
  /** Why figures are absent, by the part of the bench that failed. */
  readonly notMeasured: Record<string, string> = {};

  /** Keeps figures, rounded, and tells them. */
  keep(values: Partial<Record<Figure, number | undefined>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined || Number.isNaN(value)) continue;
      this.figures[name as Figure] = significant(value);
      say(`${name} ${significant(value)}`);
    }
  }

  /** Runs one part of the bench; where it fails, the others go on. */
  async part(name: string, measure: () => Promise<void>): Promise<void> {
    say(`-- ${name}`);
    try {
      await measure();
    } catch (error) {
      const reason = causes(error).join('; ');
      this.notMeasured[name] = reason;
      say(`not measured: ${reason}`);
    }
  }
}

function causes(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return [error.message, ...(error.cause === undefined ? [] : causes(error.cause))];
}

/** A line for who waits. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
