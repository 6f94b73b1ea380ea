/** Rhai as a native program, built once into the cache: what engine and worker are held against. */
import { fileURLToPath } from 'node:url';
import { cargoProgram } from '../cargo-program.ts';
import type { Progress } from '../control-plane/tool.ts';

/** Path of the program. @throws CannotBuild without cargo, or with its words */
export function nativeRhai(progress?: Progress): Promise<string> {
  return cargoProgram({
    dir: fileURLToPath(new URL('../../../bench/rhai/native', import.meta.url)),
    name: 'rhai-native',
    what: 'Rhai as a native program',
    duration: 'a minute on 2 cores',
  }, progress);
}
