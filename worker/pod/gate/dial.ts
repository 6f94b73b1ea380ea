/** Dials, to find out whether a way is open: nothing is sent, and what connects is closed at once. */
import type { Address } from '../address.ts';
import { after } from '../timers.ts';
import type { Answer } from './decide.ts';

/** Engines that drop say nothing: without an answer for so long, a way counts as closed. */
const silentMs = 1000;
/** How long a name may take before the exact way is worth loading. */
const promptMs = 100;

/** How a refusal looks; a packet filter may also answer with "host unreachable" or "not permitted". */
const refusals = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'EPERM', 'EACCES', 'ETIMEDOUT']);

/** Whether a connection comes about within a second. */
export async function reaches(address: Address): Promise<boolean> {
  return await orAfter(silentMs, undefined, connect(address)) === 'connected';
}

/**
 * Dials the canary.
 * @param withinMs after this a name that is still being looked up counts as unresolved
 */
export async function dialCanary(address: Address, withinMs: number): Promise<Answer> {
  const answer = connect(address);
  if (isNumeric(address.hostname)) return await orAfter(silentMs, 'refused', answer);
  const prompt = await orAfter(promptMs, undefined, answer);
  return prompt ?? await orAfter(withinMs, 'unresolved', answer, connectAfterLookup(address));
}

function isNumeric(hostname: string): boolean {
  return /^[\d.]+$/.test(hostname) || hostname.includes(':');
}

async function connect(address: Address): Promise<Answer> {
  try {
    (await Deno.connect(address)).close();
    return 'connected';
  } catch (error) {
    return answerOf(error);
  }
}

/**
 * As {@link connect}, but silence is told from a name that is slow to resolve, which would otherwise pass for a closed
 * network. Node's module is the one that tells when the name is resolved; loading it takes longer than most dials.
 */
async function connectAfterLookup({ hostname, port }: Address): Promise<Answer> {
  const { connect: connectNode } = await import('node:net');
  return await new Promise((resolve) => {
    const socket = connectNode({ host: hostname, port, autoSelectFamily: false });
    const end = (answer: Answer) => {
      silence?.cancel();
      socket.destroy();
      resolve(answer);
    };
    let silence: ReturnType<typeof after> | undefined;
    socket.on('lookup', (error: Error | null) => void (error || (silence ??= after(silentMs, () => end('refused')))));
    socket.on('connect', () => end('connected'));
    socket.on('error', (error) => end(answerOf(error)));
  });
}

function answerOf(error: unknown): Answer {
  const { name, code } = error as { name?: string; code?: string };
  if (name === 'NotCapable') return 'forbidden';
  return code !== undefined && refusals.has(code) ? 'refused' : 'unresolved';
}

/** The first of the racing answers, or `otherwise` when none comes within `ms`. */
function orAfter<T, Otherwise>(
  ms: number,
  otherwise: Otherwise,
  ...racing: readonly Promise<T>[]
): Promise<T | Otherwise> {
  return new Promise((resolve, reject) => {
    const timer = after(ms, () => resolve(otherwise));
    for (const one of racing) one.then(resolve, reject).finally(() => timer.cancel());
  });
}
