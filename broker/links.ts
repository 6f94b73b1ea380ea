/**
 * Which modules call each other without the broker between them: those that nothing is asked of that the broker alone
 * would see to. Each is told by the broker who the other one is, and by nobody else.
 */
import { BrokerError } from './broker-error.ts';
import { type Instance, packReason } from './instance.ts';
import { ModuleProcess } from './module-process.ts';
import type { Target } from './specifier.ts';
import { getTelemetry } from './telemetry.ts';
import type { ModuleSettings } from './types.ts';

interface Known {
  readonly from: Instance;
  readonly to: Instance;
  readonly bareHref: string;
}

/** Calls of one module to another after which they are given a channel. */
const enough = 8;

/** Modules whose calls are counted, for each that calls. */
const mostCounted = 1000;

export class Links {
  readonly #counts = new WeakMap<Instance, Map<string, number>>();
  readonly #links = new Map<number, Known>();
  #next = 0;

  /** A call has been passed on. */
  passed(from: Instance, to: Instance, { bareHref, usualKey, segregationId }: Target): void {
    if (from === to || !isPlain(from) || !isPlain(to) || getTelemetry() !== undefined) return;
    const counts = this.#counts.get(from) ?? new Map<string, number>();
    if (counts.size >= mostCounted) counts.clear();
    const count = (counts.get(usualKey) ?? 0) + 1;
    this.#counts.set(from, counts.set(usualKey, count));
    if (count !== enough) return;
    const { port1, port2 } = new MessageChannel();
    const link = this.#next++;
    this.#links.set(link, { from, to, bareHref });
    const { module, segregationId: own } = from.identity;
    const seg = segregationId === undefined ? {} : { segregationId };
    const source = { source: module.href, ...(own === undefined ? {} : { sourceSegregationId: own }) };
    to.post({ kind: 'link', link, role: 'called', target: bareHref, ...seg, ...source }, [port1]);
    from.post({ kind: 'link', link, role: 'calling', target: bareHref, ...seg }, [port2]);
  }

  /** Calls to a module go through the broker again; those under way go on. */
  turnBack(bareHref: string): void {
    for (const [link, known] of this.#links) if (known.bareHref === bareHref) known.from.post({ kind: 'unlink', link });
  }

  /** Whether others may call it without the broker. */
  lead(to: Instance): boolean {
    return [...this.#links.values()].some((known) => known.to === to);
  }

  /** One of the two is over. */
  ended(instance: Instance, reason: unknown = new BrokerError('Removed', `${instance.name} was removed`)): void {
    for (const [link, { from, to }] of this.#links) {
      if (from !== instance && to !== instance) continue;
      this.#links.delete(link);
      this.#counts.get(from)?.clear();
      const other = from === instance ? to : from;
      other.post({ kind: 'unlink', link, ...packReason(reason, other.streams) });
    }
  }
}

/** What is bounded, restricted or made otherwise goes through the broker. */
const watched: readonly (keyof ModuleSettings)[] = [
  'concurrency',
  'entry',
  'idleMs',
  'mayCall',
  'outgoing',
  'permissions',
  'timeoutMs',
  'waiting',
];

function isPlain({ worker, settings }: Instance): boolean {
  return !(worker instanceof ModuleProcess) && watched.every((name) => settings[name] === undefined);
}
