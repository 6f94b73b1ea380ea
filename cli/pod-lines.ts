/** Lines of pods in one terminal: each behind the name of its pod, each pod in a colour of its own. */

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
    print(`${coloured ? `\u001b[${colour}m${prefix}\u001b[0m` : prefix} ${line}`);
  };
}
