/** `redisworker top`: workers, or consumers and modules, and how fast they are, again and again. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Io } from './io.ts';
import { openPlace, type PlaceWords } from './choose-place.ts';
import { counted } from '../operator/counted.ts';
import { announce } from './announce.ts';
import { closing, type Place } from './place.ts';
import { chosenWorkers, viewOf } from './status.ts';
import type { SortKey } from './top-sort.ts';
import type { History } from './top-rows.ts';
import { remembered, topTable } from './top-table.ts';

const clearTerminal = '\u001b[H\u001b[J';

/** What to show, and of which place. */
export interface TopOptions extends PlaceWords {
  /** Names or types of workers; empty: all. */
  readonly names: readonly string[];
  readonly consumers: boolean;
  readonly sort: SortKey;
  /** Print what is known at once, and end. */
  readonly once: boolean;
  readonly everySeconds: number;
}

/**
 * Shows the table until `stop` settles: drawn anew on a terminal, printed again elsewhere.
 * @throws Failure when the place cannot be asked, also when a session ends meanwhile, or a name is no worker of it
 */
export async function top(options: TopOptions, io: Io, stop: Promise<void>): Promise<void> {
  const stopped = stop.then(() => true);
  await using place = closing(await openPlace(options, io));
  let history: History = new Map();
  for (
    let over = false;
    !over;
    over = options.once || await Promise.race([stopped, delay(options.everySeconds * 1000, false)])
  ) {
    const workers = chosenWorkers(await viewOf(place), options.names, place);
    history = remembered(history, workers, performance.now());
    const { consumers, sort, once } = options;
    const { manyNamespaces, freshMs } = place;
    const table = topTable(workers, history, { consumers, sort, manyNamespaces, freshMs, now: Date.now() });
    if (once) io.out(table.join('\n'));
    else {io.out(
        io.terminal
          ? clearTerminal + fitted([headline(workers, place), ...table], io).join('\n')
          : `${table.join('\n')}\n`,
      );}
  }
}

function headline(workers: Parameters<typeof remembered>[1], { name, freshMs }: Place): string {
  const ready = workers.filter((worker) => announce(worker).standing === 'ready').length;
  return `${name}: ${counted(workers.length, 'worker')}, ${ready} ready; numbers are up to ${freshMs / 1000} s old`;
}

/** What scrolls by is not seen. */
function fitted(lines: readonly string[], { rows }: Io): readonly string[] {
  if (rows === undefined || lines.length < rows) return lines;
  const shown = Math.max(rows - 2, 2);
  return [...lines.slice(0, shown), `… and ${lines.length - shown} more; name workers, or leave the terminal for all`];
}
