/** Stopping in order: what was opened last is closed first, all of it within one deadline. */
import type { Clock } from '../clock.ts';

/** What shutting down needs. */
export interface ShutdownOptions {
  /** Milliseconds for all closers together. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void };
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/** Where signals come from: the process. */
export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: string) => void): unknown;
}

/** A process that can be stopped from its first moment on, whatever of it is open by then. */
export interface Shutdown {
  /** Adds what has to be closed, before everything that was added earlier. One that fails does not keep the next from running. */
  closes(name: string, close: () => void | Promise<void>): void;
  /** Stops, for whoever else decides to (a lost lease); repeated calls share one run. @param code when every closer finished [0] */
  stop(why: string, code?: number): Promise<void>;
  readonly isStopping: boolean;
}

/** Stops on SIGTERM and SIGINT; a second signal ends the process at once. */
export function onShutdown(source: SignalSource, options: ShutdownOptions): Shutdown {
  const closers: Closer[] = [];
  let running: Promise<void> | undefined;
  const stop = (why: string, code = 0): Promise<void> => {
    running ??= closeAll(closers, why, code, options);
    return running;
  };
  const signalled = (signal: string): void => {
    if (running !== undefined) options.exit(1);
    void stop(signal);
  };
  source.on('SIGTERM', signalled);
  source.on('SIGINT', signalled);
  return {
    closes: (name, close) => void closers.push({ name, close }),
    stop,
    get isStopping() {
      return running !== undefined;
    },
  };
}

interface Closer {
  readonly name: string;
  readonly close: () => void | Promise<void>;
}

/** Takes closers from the end until none is left, those of what is still being opened too. */
async function closeAll(closers: Closer[], why: string, code: number, options: ShutdownOptions): Promise<void> {
  const { deadlineMs, clock, log, exit } = options;
  log.info({ why }, 'shutting down');
  let clean = true;
  let current = '';
  let cancel = (): void => undefined;
  const late = new Promise<'late'>((resolve) => {
    cancel = clock.after(deadlineMs, () => resolve('late'));
  });
  const inOrder = async (): Promise<void> => {
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) {
      current = next.name;
      try {
        await next.close();
      } catch (error) {
        clean = false;
        log.error({ closer: current, err: error }, 'did not close cleanly');
      }
    }
  };
  if ((await Promise.race([inOrder(), late])) === 'late') {
    clean = false;
    log.error({ closer: current, deadlineMs }, 'did not close in time');
  }
  cancel();
  exit(clean ? code : 1);
}
