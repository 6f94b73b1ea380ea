/** A log that keeps its lines for the test to look at. */

/** One line. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** A logger and what was logged. */
export function quietLog(): Record<LogLine['level'], (fields: object, message: string) => void> & {
  readonly lines: readonly LogLine[];
} {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (fields: object, message: string): void => {
    lines.push({ level, fields, message });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), lines };
}
