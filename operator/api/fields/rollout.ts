/** `spec.rollout`: how new code and settings reach the consumers. */
import { z } from 'zod';
import { maxConsumers } from '../../../contract/limits.ts';
import { whole } from '../bounded.ts';
import { withRules } from '../rules.ts';

const percentage = '^([1-9][0-9]?|100)%$';

/** A number of consumers or a percentage of them, as a Deployment takes it. Comes out as text. */
const amountOfConsumers = withRules(
  z.union([z.int(), z.string().max(8)]).meta({ 'x-kubernetes-int-or-string': true, maxLength: 8 }),
  {
    rule: `type(self) == int ? self >= 1 && self <= ${maxConsumers} : self.matches(r'${percentage}')`,
    message:
      `rollout.maxUnavailable must be a number of consumers from 1 to ${maxConsumers}, or a percentage from "1%" to "100%"`,
    holds: (given: string | number) =>
      typeof given === 'number' ? given >= 1 && given <= maxConsumers : new RegExp(percentage).test(given),
  },
).transform(String);

const canary = z.object({
  consumers: whole(1, 100).default(1).describe(
    'Consumers that get new code first; at least one other keeps what it has.',
  ),
  minRequests: whole(1, 1_000_000).describe('Requests they have to answer before they are judged.'),
  maxFailureRatio: z.number().min(0).max(1).describe(
    'By how much the part of their requests that fails may be larger than that of the other consumers: 0.05 is 5 of 100.',
  ),
  seconds: whole(1, 86_400).describe(
    'Seconds after which they are judged by fewer requests, or by being ready when there were none.',
  ),
});

/** Steps of a rollout. */
export const rollout = z.object({
  maxUnavailable: amountOfConsumers.default('25%').describe(
    'Consumers that may be not ready at once because of a rollout, as a number or a percentage, which is rounded down; at least 1. Only 100% ever takes the last one that is ready.',
  ),
  canary: canary.exactOptional().describe(
    'Lets some consumers try new code and settings first; the others follow or these go back, as their requests end.',
  ),
}).default({ maxUnavailable: '25%' });
