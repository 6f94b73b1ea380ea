/** Programs of this machine in somebody else's network: of a node, of a pod, of a host outside. */
import { start, type TestProcess } from '../processes.ts';
import { type CommandResult, tryRun } from '../command.ts';
import { dialArgs, type Dialled, type Target } from './dial.ts';

/** A network that programs can run in; files and processes stay this machine's. */
export interface NetworkNamespace {
  /** The command that runs another there. */
  command(program: string, args: readonly string[]): [program: string, args: string[]];
  /** Runs a program there to its end. */
  run(program: string, args: readonly string[]): Promise<CommandResult>;
  /** Starts a program there, a listener for example; it ends with this process at the latest. */
  start(program: string, args: readonly string[]): TestProcess;
  /** Tries TCP connections from there, all at once. @returns what came of each, in their order */
  dial(targets: readonly Target[]): Promise<Dialled[]>;
}

/** @param path a file that is the network namespace, such as `/proc/1/ns/net` */
export function networkAt(path: string): NetworkNamespace {
  const command: NetworkNamespace['command'] = (
    program,
    args,
  ) => ['nsenter', [`--net=${path}`, '--', program, ...args]];
  const run: NetworkNamespace['run'] = (program, args) => tryRun(...command(program, args));
  return {
    command,
    run,
    start: (program, args) => start(...command(program, args)),
    async dial(targets) {
      const { code, stdout, stderr } = await run(process.execPath, dialArgs(targets));
      if (code !== 0) throw new Error(`connections could not be tried: ${stderr.trim()}`);
      return JSON.parse(stdout) as Dialled[];
    },
  };
}
