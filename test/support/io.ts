/** A terminal for tests of the command line: keeps what was printed. */
import type { Io } from '../../cli/io.ts';

/** What a command printed so far. */
export interface TestIo extends Io {
  readonly printed: string[];
  readonly failures: string[];
}

/** A terminal nobody looks at, unless `overrides` says otherwise. */
export function testIo(overrides: Partial<Io> = {}): TestIo {
  const printed: string[] = [];
  const failures: string[] = [];
  return {
    out: (line) => void printed.push(line),
    err: (line) => void failures.push(line),
    input: () => Promise.resolve(''),
    terminal: false,
    colours: { out: false, err: false },
    interrupted: () => new Promise(() => undefined),
    environment: {},
    ...overrides,
    printed,
    failures,
  };
}
