/** What the pods of a worker have found out about their network: the condition NetworkPolicyEnforced. Pure. */
import { decodeGateReport, gateField, type GateResult } from '../../../contract/gate.ts';
import { configHashKey } from '../../../contract/keys.ts';
import { exitCodes } from '../../../contract/pod.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { consumerIdOf, isReady, mayStillRun, uidOf, workerContainerOf } from '../model/children.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import type { UndatedCondition } from './dated.ts';

/** Whether policies are known to be enforced for the pods that run now. */
export function enforcementCondition(observed: Observed, spec: ObservedSpec): UndatedCondition {
  const { gate } = spec.blueprint;
  if (gate.kind === 'off') {
    return condition(gate.reason === 'NotEnforcedHere' ? 'False' : 'Unknown', gate.reason, gate.message);
  }
  const seen = observed.children.pods.filter(isUnderWay).map((pod) => ({
    id: consumerIdOf(pod) ?? '',
    result: resultOf(pod, spec),
  }));
  const idsOf = (result: GateResult | undefined) => seen.filter((one) => one.result === result).map(({ id }) => id);
  const [open, unverified, silent] = [idsOf('Open'), idsOf('Unverified'), idsOf(undefined)];
  if (open.length > 0) {
    return condition(
      'False',
      'NotEnforced',
      `${
        consumers(open)
      } reached the canary ${gate.canary}, which the policy does not open: the cluster's network does not enforce NetworkPolicies, or not in time; ${
        told[gate.enforcement]
      }`,
    );
  }
  if (unverified.length > 0) {
    return condition(
      'Unknown',
      'NotVerified',
      `${
        consumers(unverified)
      } could not dial the canary ${gate.canary}: see whether that name resolves in the pods, and what permissions.denyNet covers; ${
        told[gate.enforcement]
      }`,
    );
  }
  if (silent.length > 0 && spec.redis.kind === 'fault') {
    return condition('Unknown', 'NotVerified', 'Redis, where pods tell what they found, does not answer');
  }
  if (silent.length > 0 || seen.length === 0) {
    return condition(
      'Unknown',
      'NotVerified',
      seen.length === 0
        ? 'no consumer runs that could tell'
        : `${consumers(silent)} ${silent.length === 1 ? 'has' : 'have'} not told yet`,
    );
  }
  if (observed.canaryProblem !== undefined) {
    return condition(
      'Unknown',
      'CanaryUnreachable',
      `pods are refused by the canary ${gate.canary}, and so is the operator itself, which proves nothing: ${observed.canaryProblem}; see whether --canary-address leads to the operator`,
    );
  }
  const whoseWord = spec.blueprint.customImage
    ? '; the pods say so themselves, and their image is the one of spec.pod.image'
    : '';
  return condition(
    'True',
    'Refused',
    `every running pod was refused by the canary ${gate.canary} before its code ran${whoseWord}`,
  );
}

/** What becomes of user code where the network is not known to be closed. */
const told = {
  BestEffort: 'user code runs, and Deno alone enforces the scope',
  Required: 'user code does not run',
} as const;

/** A process of the pod runs, or has run and will again. */
function isUnderWay(pod: KubeObject): boolean {
  const container = workerContainerOf(pod);
  const begun = container?.state?.running ?? container?.state?.terminated ?? container?.lastState?.terminated;
  return begun !== undefined && mayStillRun(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** How the last process that has been at the gate left it: the code it ended with, or what it wrote once through. */
function resultOf(pod: KubeObject, spec: ObservedSpec): GateResult | undefined {
  const container = workerContainerOf(pod);
  const endsAtGate = spec.blueprint.gate.kind === 'on' && spec.blueprint.gate.enforcement === 'Required';
  const ended = isReady(pod) || !endsAtGate
    ? undefined
    : (container?.state?.terminated ?? container?.lastState?.terminated)?.exitCode;
  if (ended === exitCodes.networkOpen) return 'Open';
  if (ended === exitCodes.networkUnverified) return 'Unverified';
  const hash = spec.redis.kind === 'answered'
    ? spec.redis.hashes.get(configHashKey(spec.blueprint.keyPrefix, consumerIdOf(pod) ?? ''))
    : undefined;
  const report = typeof hash === 'object' ? decodeGateReport(hash[gateField]) : undefined;
  return report?.owner === uidOf(pod) ? report.result : undefined;
}

/** Ids told by name in a message. */
const namedIds = 3;

function consumers(ids: readonly string[]): string {
  const named = ids.slice(0, namedIds).map((id) => `"${id}"`).join(', ');
  return `consumer${ids.length === 1 ? '' : 's'} ${named}${
    ids.length > namedIds ? ` and ${ids.length - namedIds} more` : ''
  }`;
}

function condition(
  status: UndatedCondition['status'],
  reason: UndatedCondition['reason'],
  message: string,
): UndatedCondition {
  return { type: 'NetworkPolicyEnforced', status, reason, message };
}
