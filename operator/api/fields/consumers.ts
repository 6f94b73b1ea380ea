/** `spec.consumers`: how many consumers a worker has, and what they are called. */
import { z } from 'zod';
import { maxConsumers } from '../../../contract/limits.ts';
import { setOf, text, whole } from '../bounded.ts';
import { atMost, exactlyOneOf, matches, withRules } from '../rules.ts';

/** A consumer id is a part of the config hash's key and of a pod's name. */
export const consumerId = withRules(
  text(253),
  matches(
    '^[A-Za-z0-9][-A-Za-z0-9_.]*$',
    'a consumer id must start with a letter or digit and go on with letters, digits, "-", "_" and "."',
  ),
);

const autoscale = withRules(
  z.object({
    min: whole(0, maxConsumers).default(0).describe('Consumers that always run; 0 lets an idle worker go to sleep.'),
    max: whole(1, maxConsumers).describe('Consumers that run at most.'),
    backlogPerConsumer: whole(1, 1_000_000).describe('Waiting requests that justify one more consumer.'),
    idleSeconds: whole(1, 86_400).default(60).describe('Seconds without a backlog before a consumer is removed.'),
  }),
  atMost('min', 'max', 'consumers.autoscale.min must not be larger than consumers.autoscale.max'),
);

/** Exactly one way to say which consumers there are. */
export const consumers = withRules(
  z.object({
    count: whole(0, maxConsumers).exactOptional().describe(
      'Number of consumers; their ids are "1" to the number. kubectl scale sets it.',
    ),
    ids: setOf(consumerId, maxConsumers).exactOptional().describe('The consumers by name.'),
    autoscale: autoscale.exactOptional().describe('Lets the operator choose the number by the backlog.'),
  }),
  exactlyOneOf(
    ['count', 'ids', 'autoscale'],
    'exactly one of consumers.count, consumers.ids and consumers.autoscale must be given: remove the others (kubectl scale works with consumers.count alone)',
  ),
).default({ count: 1 });
