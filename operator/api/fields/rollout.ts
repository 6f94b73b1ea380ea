/** `spec.rollout`: how new code and settings reach the consumers. */
import { z } from 'zod';
import { maxConsumers } from '../../../contract/limits.ts';
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

/** Steps of a rollout. */
export const rollout = z.object({
  maxUnavailable: amountOfConsumers.default('25%').describe(
    'Consumers that may be not ready at once because of a rollout, as a number or a percentage, which is rounded down; at least 1. Only 100% ever takes the last one that is ready.',
  ),
}).default({ maxUnavailable: '25%' });
