/**
 * Runs the user's process inside a worker pod, as its first process:
 *
 *     deno run <flags> runner.ts <config hash key> [--forward=127.0.0.1:6379] -- <command…>
 *
 * With `--forward` the command is a script of the older contract (`deno run … worker.ts <config hash key>`). The runner
 * clears the stale pid of its own pod, waits while another pod holds the hash, forwards a plain port to the real Redis,
 * answers /healthz and /readyz, and ends the script once another pod owns its hash. Without it the command is a runtime
 * that does all of this by itself, and the runner only recycles.
 *
 * In both: the key line goes to the child's stdin; SIGTERM and SIGINT are passed on, followed by SIGKILL after the
 * `graceSeconds` of WORKER_SETTINGS;
 * exit code 0 is a planned recycling, so the next process starts at once; any other code becomes the runner's own, and
 * the kubelet backs off.
 *
 * Scripts of the older contract do not acknowledge what they read. The runner does not do it for them: such entries
 * stay pending (the manifest's status shows how many), and an entry a script was working on when it died is not
 * delivered again, unless the script re-reads its own.
 *
 * Before the first child starts it passes the network gate, see gate.ts; a child never has the right to dial the canary.
 *
 * Needs --allow-read=<secret folder> --allow-env --allow-run=deno, and with `--forward` also --allow-net, or without it
 * --allow-net=<Redis>,<canary>,<health> where there is a gate; for a script in pieces, to read them and to write it. No code of the user's runs in this process: the child has flags of
 * its own.
 */
import { exitCodes } from '../contract/pod.ts';
import { joinSource, readPackedSource } from './pod/join.ts';
import { tellEnd, tellReason } from './pod/last-words.ts';
import { createLog, type Logger } from './pod/log.ts';
import { readHealthAddress } from './pod/settings.ts';
import { stopRequested } from './pod/stop.ts';
import { readGateDuty } from './pod/gate/duty.ts';
import { passRunnersGate } from './script/at-gate.ts';
import { parseArguments, type RunnerArguments } from './script/arguments.ts';
import { runChild } from './script/child.ts';
import { childCommand, childEnvironment } from './script/child-command.ts';
import { doesNotParse, whyEnded } from './script/child-end.ts';
import { runCycles } from './script/cycles.ts';
import { runScript } from './script/script.ts';
import { readChildsKeyLine, readGraceSeconds, readScriptSettings } from './script/settings.ts';

async function runPod(asked: RunnerArguments, log: Logger): Promise<number> {
  const stop = stopRequested();
  const { hashKey, forward } = asked;
  const environment = Deno.env.toObject();
  const readEnv = (name: string) => environment[name];
  const duty = readGateDuty(readEnv);
  const settings = forward ? readScriptSettings(readEnv, hashKey, forward) : undefined;
  const keyLine = readChildsKeyLine(readEnv);
  const graceMs = readGraceSeconds(readEnv) * 1000;
  const gate = await passRunnersGate({ duty, health: readHealthAddress(readEnv), stop, log });
  if (stop.aborted) return exitCodes.ok;
  const packed = forward ? readPackedSource(readEnv) : undefined;
  if (packed) await joinSource(packed);
  const child = {
    command: childCommand(asked, new URL('./script/redirect.ts', import.meta.url)),
    environment: childEnvironment(asked, environment, gate),
    keyLine,
    graceMs,
  };
  const isRequired = duty.kind === 'pass' && duty.order.enforcement === 'Required';
  let why: string | undefined;
  const run = async (until: AbortSignal) => {
    const end = await runChild({ ...child, stop: until });
    why = whyEnded(forward ? 'script' : 'worker', end);
    const code = isRequired ? unreserved(end.code, log) : end.code;
    if (!forward) return code;
    return doesNotParse(end) ? exitCodes.badSource : code === exitCodes.badSource ? exitCodes.failed : code;
  };
  const code = forward && settings
    ? await runScript({ forward, settings, gate, run, stop, log })
    : await runCycles(() => run(stop), stop, log);
  return code === exitCodes.ok || stop.aborted || why === undefined ? code : tellReason(why, code);
}

/** Where the gate is required its codes say that no user code has run: a child that ends with one of them must not seem to say so. */
function unreserved(code: number, log: Logger): number {
  if (code !== exitCodes.networkOpen && code !== exitCodes.networkUnverified) return code;
  log.warn(
    `the process ended with exit code ${code}, which only the network gate may use; the pod ends with ${exitCodes.failed}: choose another code`,
  );
  return exitCodes.failed;
}

let code: number;
try {
  const asked = parseArguments(Deno.args);
  code = await runPod(asked, createLog({ worker: asked.hashKey }));
} catch (error) {
  code = tellEnd(error);
}
Deno.exit(code);
