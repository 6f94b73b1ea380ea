/** Whom the processors have worked for while something was measured: what is slow need not be the operator. */
import { availableParallelism } from 'node:os';
import { processorMs } from '../proc.ts';
import { say } from './report.ts';

/** Process ids by program. */
export type Programs = Readonly<Record<string, number>>;

/** Begins to watch. @returns what tells it, a line with the seconds of each program, most first */
export function watchProcessors(programs: Programs): () => void {
  const all: Programs = { ...programs, 'this bench': process.pid };
  const begun = performance.now();
  const before = msOf(all);
  return () => {
    const seconds = (performance.now() - begun) / 1000;
    const used = Object.entries(msOf(all)).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / 1000] as const);
    const told = used.sort(([, one], [, other]) => other - one).map(([name, cpu]) => `${name} ${cpu.toFixed(1)}`);
    const busy = used.reduce((sum, [, cpu]) => sum + cpu, 0) / seconds;
    say(`  seconds of processor: ${told.join(', ')}; ${busy.toFixed(2)} of ${availableParallelism()} were busy`);
  };
}

function msOf(programs: Programs): Record<string, number> {
  return Object.fromEntries(Object.entries(programs).map(([name, pid]) => [name, processorMs(pid)]));
}
