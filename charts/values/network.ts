/** The canary and the NetworkPolicy of the operator. */
import { z } from 'zod';
import { kubernetesList } from './words.ts';

/** Parts about the network. */
export const network = {
  canary: z.strictObject({
    enabled: z.boolean().default(true).describe(
      'Let worker pods find out whether their network is closed, before any code of theirs runs: the condition NetworkPolicyEnforced.',
    ),
  }).prefault({}).describe('The port of the operator that every closed network refuses.'),
  networkPolicy: z.strictObject({
    enabled: z.boolean().default(true).describe('Make NetworkPolicies for the pods of the chart.'),
    metricsFrom: kubernetesList().describe(
      'Who may read the metrics, as peers of a NetworkPolicy; everybody when empty.',
    ),
    pageFrom: kubernetesList().describe(
      'Who may connect to the status page, as peers of a NetworkPolicy; nobody when empty, and "redisworker page" through the kubelet.',
    ),
    egress: z.strictObject({
      enabled: z.boolean().default(false).describe(
        'Close the operator to all but DNS, its trial Redis and the rules below. It needs the API server, every Redis and every URL that workers name.',
      ),
      rules: kubernetesList().describe('Egress rules of the NetworkPolicy, for the API server above all.'),
    }).prefault({}).describe('Where the operator may connect to; anywhere unless it is closed.'),
  }).prefault({}).describe('Who may connect to the pods of the chart.'),
};
