/**
 * The network gate: no user code runs before an allowed target was reached and the operator's canary refused. Engines
 * program the rules of a new pod while it already runs, and one that enforces nothing does not say so.
 */
import type { GatePassage } from '../../../contract/gate.ts';
import { formatHostPort } from '../../../contract/host-port.ts';
import { backoffMs } from '../backoff.ts';
import { FatalError } from '../fatal.ts';
import { deadlineMs, nextStep, retryMs } from './decide.ts';
import type { Address } from '../address.ts';
import { dialCanary, reaches } from './dial.ts';
import type { GateDuty, GateOrder } from './duty.ts';
import { pause } from '../timers.ts';

/** Told once each, in one sentence. */
export interface GateLog {
  warn(sentence: string): void;
}

const redisBounds = { initialMs: 20, maxMs: 1000 };
/** Tries to reach Redis after which it is worth a word: about three seconds. */
const patience = 8;

/**
 * Does the duty. The right to dial the canary is gone afterwards.
 * @returns what to report; undefined where there is no gate
 * @throws FatalError (networkOpen, networkUnverified) when the network has to be closed and is not known to be
 */
export async function passGate(duty: GateDuty, log: GateLog): Promise<GatePassage | undefined> {
  if (duty.kind === 'none') return undefined;
  if (duty.kind === 'passed') return duty.passage;
  const passage = await pass(duty.order, log);
  await giveUpCanary(duty.order.canary, log);
  judge(passage, duty.order, log);
  return passage;
}

async function pass({ canary, redis }: GateOrder, log: GateLog): Promise<GatePassage> {
  const startedMs = performance.now();
  await reachRedis(redis, log);
  const reachedMs = performance.now();
  for (let opened = 0;;) {
    const answer = await dialCanary(canary, Math.max(0, deadlineMs - (performance.now() - reachedMs)));
    if (answer === 'connected') opened++;
    const now = performance.now();
    const step = nextStep(answer, { waitedMs: now - reachedMs, opened });
    if (step.do === 'pass') return { result: step.result, ms: Math.round(now - startedMs), opened };
    await pause(retryMs);
  }
}

/** Until the network lets the pod out at all, a refusal would mean nothing. */
async function reachRedis(redis: Address, log: GateLog): Promise<void> {
  for (let failures = 1; !await reaches(redis); failures++) {
    if (failures === patience) log.warn(`Redis at ${textOf(redis)} cannot be reached; no user code runs before it can`);
    await pause(backoffMs(failures, redisBounds, Math.random()));
  }
}

/** User code has no business there. A broader right than to this one address stays as it is. */
async function giveUpCanary(canary: Address, log: GateLog): Promise<void> {
  const { state } = await Deno.permissions.revoke({ name: 'net', host: textOf(canary) });
  if (state === 'granted') {
    log.warn(`user code may dial the canary ${textOf(canary)}, since the process may reach every host`);
  }
}

function judge({ result, opened }: GatePassage, { canary, enforcement }: GateOrder, log: GateLog): void {
  if (result === 'Refused') return;
  const [reason, found] = result === 'Open'
    ? [
      'networkOpen',
      `the network is open: the canary ${
        textOf(canary)
      }, which no policy of this worker allows, answered ${opened} times in ${deadlineMs / 1000} s`,
    ] as const
    : [
      'networkUnverified',
      `the network cannot be verified: the canary ${
        textOf(canary)
      } cannot be dialled, for its name does not resolve or permissions.denyNet covers it`,
    ] as const;
  if (enforcement === 'Required') {
    throw new FatalError(
      reason,
      `${found}; user code does not run, because spec.networkPolicy.enforcement is Required`,
    );
  }
  log.warn(`${found}; user code runs, because spec.networkPolicy.enforcement is BestEffort`);
}

function textOf({ hostname, port }: Address): string {
  return formatHostPort({ host: hostname, port });
}
