/** Lines of pods in one terminal: each behind the name of its pod, each pod in a colour of its own. */
import { z } from 'zod';

const colours = [36, 33, 35, 32, 34, 96, 93, 95, 92, 94] as const;

/**
 * Makes a printer of pod lines. Prefixes are padded to the longest name so far, so that the text
 * of all pods stays in one column.
 */
export function podLines(print: (line: string) => void, coloured: boolean): (pod: string, line: string) => void {
  const colourOf = new Map<string, number>();
  let width = 0;
  return (pod, line) => {
    width = Math.max(width, pod.length);
    const colour = colourOf.get(pod) ?? colours[colourOf.size % colours.length] ?? 0;
    colourOf.set(pod, colour);
    const prefix = `${pod.padEnd(width)} |`;
    print(`${coloured ? `\u001b[${colour}m${prefix}\u001b[0m` : prefix} ${forPeople(line)}`);
  };
}

const logLine = z.looseObject({ level: z.string(), msg: z.string(), time: z.unknown() });

/** A JSON log line as `warn: message name=value`; any other line as it is. */
function forPeople(line: string): string {
  const parsed = logLine.safeParse(parseJson(line));
  if (!parsed.success) return line;
  const { level, msg, ...fields } = parsed.data;
  const details = Object.entries(fields).filter(([name]) => name !== 'time').map(([name, value]) =>
    ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`
  );
  return `${level === 'info' ? '' : `${level}: `}${msg}${details.join('')}`;
}

function parseJson(text: string): unknown {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a line that only looks like one is printed as it is
  }
}
