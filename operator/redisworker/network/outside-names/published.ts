/** The addresses a worker's policy opens for its names outside: they move together, and not often. Pure. */

/** What the policy says. */
export interface Published {
  /** Milliseconds since 1970 of the last change; 0 before the first. */
  readonly movedAt: number;
  /** Sorted addresses by name. A name is here once it has had an address, and stays while it is used. */
  readonly names: ReadonlyMap<string, readonly string[]>;
}

/** Nothing published yet. */
export const unpublished: Published = { movedAt: 0, names: new Map() };

/** Milliseconds between two changes: every one makes every node rewrite its rules. */
export const restMs = 30_000;

/**
 * What to publish now. First addresses of a name go out at once, any other change once the last one is long enough ago.
 * @param current addresses of the names the worker uses, each list sorted
 */
export function publish(before: Published, current: ReadonlyMap<string, readonly string[]>, now: number): Published {
  const used = [...before.names].filter(([host]) => current.has(host));
  const first = [...current].filter(([host, addresses]) => !before.names.has(host) && addresses.length > 0);
  const changed = used.some(([host, addresses]) => !equal(addresses, current.get(host) ?? []));
  const moves = changed && now >= before.movedAt + restMs;
  if (!moves && first.length === 0) return { movedAt: before.movedAt, names: new Map(used) };
  const kept = moves ? used.map(([host]) => [host, current.get(host) ?? []] as const) : used;
  return { movedAt: now, names: new Map([...kept, ...first]) };
}

/** True when something waits to be published. */
export function lagsBehind(published: Published, current: ReadonlyMap<string, readonly string[]>): boolean {
  return [...current].some(([host, addresses]) => !equal(published.names.get(host) ?? [], addresses));
}

/** As an annotation; undefined when there is nothing to remember. */
export function encodePublished({ movedAt, names }: Published): string | undefined {
  const sorted = [...names].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.length === 0
    ? undefined
    : JSON.stringify({ movedAt: new Date(movedAt).toISOString(), names: Object.fromEntries(sorted) });
}

/** Reads an annotation back; what anybody else wrote into it that makes no sense counts as nothing. */
export function decodePublished(text: string | undefined, now: number): Published {
  try {
    const { movedAt, names } = JSON.parse(text ?? '') as { movedAt?: unknown; names?: unknown };
    const time = typeof movedAt === 'string' ? Date.parse(movedAt) : NaN;
    if (Number.isNaN(time) || typeof names !== 'object' || names === null) return unpublished;
    const lists = Object.entries(names).filter((entry): entry is [string, string[]] => isListOfText(entry[1]));
    return { movedAt: Math.min(time, now), names: new Map(lists) };
  } catch {
    return unpublished;
  }
}

function isListOfText(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function equal(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at]);
}
