/** Data that is asked for again and again, while somebody looks. */
import { useEffect, useState } from 'preact/hooks';
import { Gone, NoEntry, read } from './ask.ts';

/** What is known now. Data that came before a fault stays. */
export interface Polled<T> {
  readonly data?: T;
  readonly fault?: string;
  /** Nobody answers: it is tried again. */
  readonly gone?: boolean;
  /** A token is asked for. */
  readonly noEntry?: string;
}

const everyMs = 2000;

/** Polls `path`, at once when it changes; rests while the page is not seen. @param entered counts the tokens given */
export function usePolled<T>(path: string, entered = 0): Polled<T> {
  const [polled, set] = useState<Polled<T> & { readonly path?: string }>({});
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      clearTimeout(timer);
      try {
        const data = await read<T>(path, stop.signal);
        if (!stop.signal.aborted) set({ data, path });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof NoEntry) {
          set({ noEntry: error.message, path });
          return;
        }
        const fault = error instanceof Error ? error.message : String(error);
        set((before) => ({
          ...(before.data === undefined || before.path !== path ? {} : { data: before.data }),
          path,
          fault,
          gone: error instanceof Gone,
        }));
      }
      if (!document.hidden) timer = setTimeout(() => void look(), everyMs);
    };
    const seen = (): void => {
      if (!document.hidden) void look();
    };
    document.addEventListener('visibilitychange', seen);
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [path, entered]);
  return polled.path === path ? polled : {};
}
