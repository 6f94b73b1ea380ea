/** What the runner has to say: JSON lines on stdout, among those of the script. */
import { createLog } from '../pod/log.ts';

/** One sentence per call. */
export interface Log {
  warn(sentence: string): void;
  /** As {@link Log.warn}, but not when it is the sentence said last this way. */
  warnOnce(sentence: string): void;
  error(sentence: string): void;
}

/** A log whose every line names the config hash. */
export function runnerLog(hashKey: string): Log {
  const { warn, error } = createLog({ key: hashKey });
  let saidLast = '';
  return {
    warn,
    error,
    warnOnce(sentence) {
      if (sentence !== saidLast) warn(sentence);
      saidLast = sentence;
    },
  };
}
