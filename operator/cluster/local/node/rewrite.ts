/**
 * Moves a container's command line from the pod it was written for to this machine: mounted folders,
 * the folder of the image and the declared ports. Pure.
 */

/** Where things of the pod are on this machine. */
export interface Places {
  /** Absolute path in the pod -> folder here; paths below it move with it. */
  readonly folders: ReadonlyMap<string, string>;
  /** Like folders, but only the path itself moves: parents of mounts, named in permission lists. */
  readonly parents: ReadonlyMap<string, string>;
  /** Declared container port -> free port here. */
  readonly ports: ReadonlyMap<number, number>;
}

/** A path starts where no path or URL is under way; `file://` may come before it. */
const pathStart = String.raw`(?:(?<![\w.~/\]-])|(?<=file://))`;
const pathEnd = String.raw`(?![\w.~-])`;
const exactEnd = String.raw`(?![\w.~/-])`;

/** Text with every path and every listen address of the pod replaced by its place here; nothing is replaced twice. */
export function rewriteText(text: string, places: Places): string {
  return rewritePorts(rewritePaths(text, places), places.ports);
}

function rewritePaths(text: string, { folders, parents }: Places): string {
  const targets = new Map([...parents, ...folders]);
  if (targets.size === 0) return text;
  const longestFirst = [...targets.keys()].sort((one, other) => other.length - one.length);
  const alternatives = longestFirst.map((path) => escape(path) + (folders.has(path) ? pathEnd : exactEnd));
  return text.replace(
    new RegExp(`${pathStart}(?:${alternatives.join('|')})`, 'g'),
    (path) => targets.get(path) ?? path,
  );
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** An address inside a URL is somebody else's server, not a port of this pod. */
function rewritePorts(text: string, ports: ReadonlyMap<number, number>): string {
  return text.replace(/(?<![\w.:/@-])(?:0\.0\.0\.0|127\.0\.0\.1):(\d{1,5})(?!\d)/g, (address, port: string) => {
    const moved = ports.get(Number(port));
    return moved === undefined ? address : `127.0.0.1:${moved}`;
  });
}

/** `$(NAME)` becomes the variable's value when there is one; `$$` is a dollar sign. */
export function expandVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (match, name?: string) => {
    if (name === undefined) return '$';
    return variables[name] ?? match;
  });
}

/** Every proper parent of an absolute path that is not the root: `/a/b/c` -> `/a/b`, `/a`. */
export function parentsOf(path: string): readonly string[] {
  const steps = path.split('/').slice(1, -1);
  return steps.map((_step, index) => `/${steps.slice(0, index + 1).join('/')}`).reverse();
}
