/**
 * Moves a container's command and variables from the pod they were written for to this machine. One rule: a word of
 * the command, an item of a flag's list (`--flag=item,item`) or a variable moves when all of it is a path or a listen
 * address of the pod. Text that only contains one, such as JSON, a URL or the name of a stream, stays as it is. What
 * is not the pod's own, in no volume and not of the image, names the same thing here as there. Pure.
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

/** A word of a command in its place here. */
export function moveWord(word: string, places: Places): string {
  const [, flag = '', list = ''] = /^(--?[\w-]+=)(.*)$/s.exec(word) ?? [];
  return flag === '' ? move(word, places) : flag + list.split(',').map((item) => move(item, places)).join(',');
}

/** A path (also as `file://` URL) or a listen address in its place here; any other text as it is. */
export function move(text: string, places: Places): string {
  if (text.startsWith('file://')) return `file://${movePath(text.slice('file://'.length), places)}`;
  return text.startsWith('/') ? movePath(text, places) : moveAddress(text, places);
}

function movePath(path: string, { folders, parents }: Places): string {
  const parent = parents.get(path);
  if (parent !== undefined) return parent;
  const above = [path, ...parentsOf(path)].find((folder) => folders.has(folder));
  return above === undefined ? path : `${folders.get(above) ?? above}${path.slice(above.length)}`;
}

function moveAddress(text: string, { ports }: Places): string {
  const [, port] = /^(?:0\.0\.0\.0|127\.0\.0\.1):(\d{1,5})$/.exec(text) ?? [];
  const moved = ports.get(Number(port));
  return moved === undefined ? text : `127.0.0.1:${moved}`;
}

/** A flag that opens a debugger, and the address it listens on. */
export interface InspectFlag {
  readonly flag: string;
  readonly host: string;
  readonly port: number;
}

/** The debugger a word of a command asks for; undefined for any other word, and for one that leaves the port open. */
export function inspectFlag(word: string): InspectFlag | undefined {
  const [, flag, address = ''] = /^(--inspect(?:-brk|-wait)?)(?:=(.*))?$/.exec(word) ?? [];
  if (flag === undefined) return undefined;
  const [ending = '', port = '9229'] = /(?:^|:)(\d+)$/.exec(address) ?? [];
  const host = address.slice(0, address.length - ending.length);
  return port === '0' ? undefined : { flag, host: host || '127.0.0.1', port: Number(port) };
}

/** `$(NAME)` becomes the variable's value when there is one; `$$` is a dollar sign. */
export function expandVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (match, name?: string) => {
    if (name === undefined) return '$';
    return variables[name] ?? match;
  });
}

/** Every proper parent of an absolute path that is not the root, the nearest first: `/a/b/c` -> `/a/b`, `/a`. */
export function parentsOf(path: string): readonly string[] {
  const steps = path.split('/').slice(1, -1);
  return steps.map((_step, index) => `/${steps.slice(0, index + 1).join('/')}`).reverse();
}
