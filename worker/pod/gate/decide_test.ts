import { assertEquals } from '../../testing/assert.ts';
import { deadlineMs, nextStep } from './decide.ts';

const early = { waitedMs: 50, opened: 0 };
const late = { waitedMs: deadlineMs, opened: 0 };

Deno.test('a refusal ends the gate at any time, also after the canary has answered', () => {
  for (const progress of [early, late, { ...early, opened: 3 }]) {
    assertEquals(nextStep('refused', progress), { do: 'pass', result: 'Refused' });
  }
});

Deno.test('an answer of the canary and a name that does not resolve are tried again until the deadline', () => {
  assertEquals(nextStep('connected', { ...early, opened: 1 }), { do: 'retry' });
  assertEquals(nextStep('unresolved', early), { do: 'retry' });
  assertEquals(nextStep('connected', { ...late, opened: 9 }), { do: 'pass', result: 'Open' });
  assertEquals(nextStep('unresolved', late), { do: 'pass', result: 'Unverified' });
});

Deno.test('a canary that answered and then lost its name leaves the network known to be open', () => {
  assertEquals(nextStep('unresolved', { ...late, opened: 1 }), { do: 'pass', result: 'Open' });
});

Deno.test('what Deno itself refuses is not tried again', () => {
  assertEquals(nextStep('forbidden', early), { do: 'pass', result: 'Unverified' });
});
