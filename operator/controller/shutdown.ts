/** Stopping in order: each closer in turn, all of them within one deadline. */
import type { Clock } from '../clock.ts';

/** One step of stopping. */
export interface Closer {
  readonly name: string;
  readonly close: () => void | Promise<void>;
}

/** What shutting down needs. */
export interface ShutdownOptions {
  /** Run one after the other, in this order; one that fails does not keep the next from running. */
  readonly closers: readonly Closer[];
  /** Milliseconds for all closers together. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void };
  /** Ends the process: 0 when every closer finished, 1 otherwise. */
  readonly exit: (code: number) => void;
}

/** Where signals come from: the process. */
export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: string) => void): unknown;
}

/**
 * Shuts down on SIGTERM and SIGINT; a second signal ends the process at once.
 * @returns the same shutdown, for whoever else decides to stop (a lost lease). Repeated calls share one run.
 */
export function onShutdown(source: SignalSource, options: ShutdownOptions): (why: string) => Promise<void> {
  let running: Promise<void> | undefined;
  const shutDown = (why: string): Promise<void> => {
    running ??= closeAll(why, options);
    return running;
  };
  const signalled = (signal: string): void => {
    if (running !== undefined) options.exit(1);
    void shutDown(signal);
  };
  source.on('SIGTERM', signalled);
  source.on('SIGINT', signalled);
  return shutDown;
}

async function closeAll(why: string, { closers, deadlineMs, clock, log, exit }: ShutdownOptions): Promise<void> {
  log.info({ why }, 'shutting down');
  let clean = true;
  let current = '';
  let cancel = (): void => undefined;
  const late = new Promise<'late'>((resolve) => {
    cancel = clock.after(deadlineMs, () => resolve('late'));
  });
  const inOrder = async (): Promise<void> => {
    for (const { name, close } of closers) {
      current = name;
      try {
        await close();
      } catch (error) {
        clean = false;
        log.error({ closer: name, err: error }, 'did not close cleanly');
      }
    }
  };
  if ((await Promise.race([inOrder(), late])) === 'late') {
    clean = false;
    log.error({ closer: current, deadlineMs }, 'did not close in time');
  }
  cancel();
  exit(clean ? 0 : 1);
}
