/** Our evaluator of NetworkPolicies against the one of kube-network-policies, which enforces them on nodes. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { NetworkPolicySpec } from '../../operator/redisworker/desired/network-policy.ts';
import type { EgressRule } from '../../operator/redisworker/network/allow-net/egress.ts';
import { policyAllows, type Target } from '../support/policy-allows.ts';
import { type NetCase, netCase } from '../support/net-cases.ts';
import { hostPort } from '../support/net-checks.ts';
import { mirrorOf, packetsOf, textOf } from '../support/net-mirror.ts';
import { egressRules } from '../support/net-policies.ts';
import { numRuns, seed } from '../support/net-runs.ts';
import {
  type PolicyObject,
  type SecondEvaluator,
  startSecondEvaluator,
} from '../support/second-evaluator/evaluator.ts';
import '../support/second-evaluator/global-setup.ts';

const program = inject('secondEvaluator');

describe.skipIf(program === '')('the second evaluator', () => {
  let second: SecondEvaluator;
  let judged = 0;
  beforeAll(() => {
    second = startSecondEvaluator(program);
  });
  afterAll(() => second.stop());

  /** Every packet of the case by TCP and by UDP, judged by both; those they differ in. */
  async function differences(
    given: NetCase,
    policy: PolicyObject & { readonly spec: Pick<NetworkPolicySpec, 'egress' | 'podSelector'> },
  ): Promise<string[]> {
    const packets = packetsOf(given).flatMap((packet): Target[] => [packet, { ...packet, protocol: 'UDP' }]);
    const theirs = await second.judge(policy, policy.spec.podSelector.matchLabels, given.world, packets);
    judged += packets.length;
    return packets.filter((packet, index) => policyAllows(policy.spec, packet) !== theirs[index])
      .map((packet) =>
        `${packet.protocol} to ${hostPort(packet)} is ${
          policyAllows(policy.spec, packet) ? 'open to us and closed to them' : 'closed to us and open to them'
        }`
      );
  }

  test('judges every packet as ours does under the policies of the random lists that Deno is tried with', async () => {
    await fc.assert(
      fc.asyncProperty(netCase, async (given) => {
        const { policy } = mirrorOf(given);
        const found = await differences(given, policy);
        if (found.length > 0) {
          throw new Error(
            `${textOf(given)}: ${found.slice(0, 3).join('; ')}; the policy is ${JSON.stringify(policy.spec.egress)}`,
          );
        }
      }),
      { seed, numRuns },
    );
    process.stderr.write(`REDISWORKER_PROOF_SEED=${seed}: ${numRuns} policies, ${judged} packets judged by both\n`);
    expect(judged).toBeGreaterThanOrEqual(10_000);
  });

  test('judges every packet as ours does under rules no list leads to', async () => {
    await fc.assert(
      fc.asyncProperty(netCase, egressRules, async (given, egress) => {
        const podSelector = { matchLabels: { worker: 'w' } };
        const spec = {
          podSelector,
          policyTypes: ['Ingress', 'Egress'] as const,
          ingress: [] as const,
          egress: egress as EgressRule[],
        };
        const found = await differences(given, { metadata: { name: 'w' }, spec });
        if (found.length > 0) {
          throw new Error(`${found.slice(0, 3).join('; ')}; the rules are ${JSON.stringify(egress)}`);
        }
      }),
      { seed, numRuns },
    );
  });
});
