/** Builds the second evaluator. */
import { goProgram } from '../go-program.ts';

/** Path of the program; built first when it is not there. @throws CannotBuild */
export function secondEvaluatorProgram(): Promise<string> {
  return goProgram({
    dir: import.meta.dirname,
    name: 'second-evaluator',
    what: 'the second evaluator',
    duration: 'about 2 minutes on 2 cores, seconds when Go has it cached',
  });
}
