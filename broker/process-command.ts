/** The command line of a module that has a process of its own: what is not named, it may not. Pure. */
import type { ModuleSettings } from './types.ts';

/** MiB of heap when nobody says. */
const usualMemoryMiB = 128;

/**
 * @param entry the file that runs the module; beside it is what modules import of the broker
 * @returns the arguments of deno
 */
export function processArguments(module: URL, entry: URL, settings: ModuleSettings): string[] {
  const { permissions = {}, memoryMiB = usualMemoryMiB } = settings;
  const { net = [], denyNet = [], env = [], read = [], write = [] } = permissions;
  // Also what a module imports by a literal name is read by this right alone, since it is itself imported by a computed one.
  const entries = settings.entry === undefined ? [] : [settings.entry];
  const { imports = {} } = settings;
  const files = [module, new URL('./', entry), ...entries, ...Object.values(imports), ...read].flatMap(pathOf);
  return [
    'run',
    '--quiet',
    '--no-prompt',
    '--no-config',
    '--no-lock',
    '--no-npm',
    ...(permissions.import === undefined ? ['--no-remote'] : list('import', permissions.import)),
    ...(net === true ? ['--allow-net'] : list('net', net)),
    ...list('net', denyNet, 'deny'),
    ...list('env', env),
    ...list('read', files),
    ...list('write', write.flatMap(pathOf)),
    `--import-map=${importMap(entry, imports)}`,
    `--v8-flags=--max-old-space-size=${memoryMiB}`,
    entry.href,
    ...(settings.entry === undefined ? [] : [`${settings.entry}`]),
  ];
}

/** What a module imports of the broker is found by the name it has for everybody, though nothing else is. */
function importMap(entry: URL, more: NonNullable<ModuleSettings['imports']>): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const names = ['worker', 'onmessage', 'telemetry', 'debug'];
  const own = names.map((name) => [`redisworker/broker/${name}`, new URL(`./${name}.${ending}`, entry).href]);
  const imports = Object.fromEntries([...own, ...Object.entries(more).map(([name, file]) => [name, `${file}`])]);
  return `data:application/json,${encodeURIComponent(JSON.stringify({ imports }))}`;
}

/** @returns no flag for an empty list, which would be refused */
function list(name: string, entries: readonly string[], verb: 'allow' | 'deny' = 'allow'): string[] {
  return entries.length === 0
    ? []
    : [`--${verb}-${name}=${entries.map((entry) => entry.replaceAll(',', ',,')).join(',')}`];
}

/** Files and folders by their path; what is not on this machine has none. */
function pathOf(place: string | URL): string[] {
  if (typeof place === 'string' && !place.startsWith('file:')) return URL.canParse(place) ? [] : [place];
  const { protocol, pathname } = new URL(place);
  return protocol === 'file:' ? [decodeURIComponent(pathname)] : [];
}
