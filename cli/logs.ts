/** `redisworker logs`: what the pods of a worker print, here or in a cluster. */
import { setTimeout as delay } from 'node:timers/promises';
import { logFieldOf, scriptKinds } from '../contract/hats.ts';
import { fetchLines, fetchSession } from './endpoint.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import type { LogsOptions } from './logs-options.ts';
import { podLines } from './pod-lines.ts';
import { program } from './program.ts';
import { sessionFiles } from './session-files.ts';
import { isNamed } from './worker-type.ts';

const lookEveryMs = 250;

/**
 * Prints the lines there are, and with `follow` those to come until `stop` settles.
 * @throws Failure when there is no such worker, or nobody can be asked
 */
export async function logs(options: LogsOptions, isCluster: boolean, io: Io, stop: Promise<void>): Promise<ExitCode> {
  const print = podLines((line) => io.out(line), io.colours.out);
  const wanted = (pod: string, line: string): void => {
    if (isWanted(line, options)) print(pod, line);
  };
  if (isCluster) {
    await (await import('./cluster-logs.ts')).clusterLogs(options, wanted, stop);
    return exitCodes.ok;
  }
  await sessionLogs(options, wanted, io, stop);
  return exitCodes.ok;
}

function isWanted(line: string, { ref, script }: LogsOptions): boolean {
  return (ref === undefined || isAbout(line, ref)) && (script === undefined || isOfScript(line, script));
}

/** A line of JSON says which request it is about. */
export function isAbout(line: string, ref: string): boolean {
  return fieldsOf(line)['ref'] === ref;
}

/** A line of JSON says which script it is about. @param script with its kind in front, or the name alone */
export function isOfScript(line: string, script: string): boolean {
  const fields = fieldsOf(line);
  return scriptKinds.some((kind) => {
    const name = fields[logFieldOf[kind]];
    return typeof name === 'string' && (name === script || `${kind}:${name}` === script);
  });
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  if (!line.startsWith('{')) return {};
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** The pods of a session are named after worker and consumer, with two words of the system's behind. */
export function isPodOf(pod: string, worker: string, consumer: string | undefined): boolean {
  const owner = pod.replace(/-[^-]+-[^-]+$/, '');
  return consumer === undefined ? owner.startsWith(`${worker}-`) : owner === `${worker}-${consumer}`;
}

async function sessionLogs(
  { session, name, consumer, follow }: LogsOptions,
  print: (pod: string, line: string) => void,
  io: Io,
  stop: Promise<void>,
): Promise<void> {
  const { socket } = await sessionFiles(session, io.environment);
  const items = (await fetchSession(socket))?.items;
  if (items === undefined) throw new Failure(`no "${program} up" is running: its terminal had the lines`);
  const worker = items.find((one) => isNamed(one, name))?.metadata.name;
  if (worker === undefined) {
    const known = items.map(({ metadata }) => metadata.name).join(', ') || 'none';
    throw new Failure(`there is no worker "${name}" in the running session; it has: ${known}`);
  }
  const longer = items.map(({ metadata }) => metadata.name).filter((other) => other.startsWith(`${worker}-`));
  const isOwn = (pod: string): boolean =>
    isPodOf(pod, worker, consumer) && !longer.some((other) => isPodOf(pod, other, undefined));
  const over = stop.then(() => 'over' as const);
  for (let after = 0;;) {
    const lines = await fetchLines(socket, after) ?? [];
    for (const { pod, line } of lines.filter((one) => isOwn(one.pod))) print(pod, line);
    after = lines.at(-1)?.number ?? after;
    if (!follow || await Promise.race([over, delay(lookEveryMs)]) === 'over') return;
    if (await fetchSession(socket) === undefined) return;
  }
}
