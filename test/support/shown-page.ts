/** `redisworker page` as a test runs it: until it has looked at what is shown. */
import { main } from '../../cli/main.ts';
import { testIo } from './io.ts';
import { eventually } from './wait.ts';

/** What the command ended with. */
export interface EndedPage {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs it until `look` is done, or until it ends by itself because there is nothing to be shown. */
export async function whileShown(
  words: readonly string[],
  look: (address: string, token: string) => Promise<void> = () => Promise.resolve(),
): Promise<EndedPage> {
  const stop = Promise.withResolvers<undefined>();
  const io = testIo({ interrupted: () => stop.promise });
  let isOver = false;
  const ended = main(['page', ...words], io).finally(() => isOver = true);
  try {
    await eventually('it shows the page or ends', () => io.printed.length > 0 || isOver, 120_000);
    const [, address, token] = /is at (http:\S+)#token=(\S+)/.exec(io.printed.join()) ?? [];
    if (address !== undefined && token !== undefined) await look(address, token);
  } finally {
    stop.resolve(undefined);
  }
  return { code: await ended, out: io.printed.join('\n'), err: io.failures.join('\n') };
}
