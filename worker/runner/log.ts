/** What the runner has to say: JSON lines on stdout, among those of the script. */

/** One sentence per call. */
export interface Log {
  warn(sentence: string): void;
  /** As {@link Log.warn}, but not when it is the sentence said last this way. */
  warnOnce(sentence: string): void;
  error(sentence: string): void;
}

/** A log whose every line names the config hash. */
export function jsonLog(hashKey: string, write: (line: string) => void = (line) => console.log(line)): Log {
  let saidLast = '';
  const say = (level: string) => (msg: string) =>
    write(JSON.stringify({ time: new Date().toISOString(), level, name: 'runner', key: hashKey, msg }));
  const warn = say('warn');
  return {
    warn,
    warnOnce(sentence) {
      if (sentence !== saidLast) warn(sentence);
      saidLast = sentence;
    },
    error: say('error'),
  };
}
