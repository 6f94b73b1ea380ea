/** Lines of pods in one terminal: each behind the name of its pod, each pod in a colour of its own. */
import { z } from 'zod';
import { endMark, sourceMount } from '../contract/pod.ts';

const colours = [36, 33, 35, 32, 34, 96, 93, 95, 92, 94] as const;

/**
 * Makes a printer of pod lines. Prefixes are padded to the longest name so far, so that the text of all pods stays in
 * one column. Why a process ended is printed once, not again for every start that ends in the same way.
 */
export function podLines(print: (line: string) => void, coloured: boolean): (pod: string, line: string) => void {
  const colourOf = new Map<string, number>();
  const isNews = untold();
  let width = 0;
  return (pod, line) => {
    if (!isNews(pod, line)) return;
    width = Math.max(width, pod.length);
    const colour = colourOf.get(pod) ?? colours[colourOf.size % colours.length] ?? 0;
    colourOf.set(pod, colour);
    const prefix = `${pod.padEnd(width)} |`;
    print(`${coloured ? `\u001b[${colour}m${prefix}\u001b[0m` : prefix} ${forPeople(line)}`);
  };
}

/** Tells the reason of an end a pod gave already from a new one. What it logs in between shows that it has worked. */
function untold(): (pod: string, line: string) => boolean {
  const reasons = new Map<string, string>();
  return (pod, line) => {
    if (line.startsWith('{')) reasons.delete(pod);
    if (!line.startsWith(endMark)) return true;
    const isNew = reasons.get(pod) !== line;
    reasons.set(pod, line);
    return isNew;
  };
}

const logLine = z.looseObject({ level: z.string(), msg: z.string(), time: z.unknown() });

/** Where a pod has its module: on this machine a folder below that of the pod. */
const sourceFolder = new RegExp(`file://[^\\s"'()]*${sourceMount}/`, 'g');

/** A JSON log line as `warn: message name=value`; any other line as it is, with the module by its name. */
function forPeople(line: string): string {
  const parsed = logLine.safeParse(parseJson(line));
  if (!parsed.success) return line.replace(sourceFolder, '');
  const { level, msg, ...fields } = parsed.data;
  const details = Object.entries(fields).filter(([name]) => name !== 'time').map(([name, value]) =>
    ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`
  );
  return withoutControls(`${level === 'info' ? '' : `${level}: `}${msg}${details.join('')}`);
}

/** Values may be a caller's: they break lines, and do nothing else to the terminal. */
function withoutControls(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function parseJson(text: string): unknown {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a line that only looks like one is printed as it is
  }
}
