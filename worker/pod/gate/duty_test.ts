import { assertEquals, assertThrows } from '../../testing/assert.ts';
import { readGateDuty } from './duty.ts';

const duty = (variables: Record<string, string>) => readGateDuty((name) => variables[name]);
const pod = { REDIS_URL: 'redis://r', NETWORK_CANARY: 'canary.system.svc:8086' };

Deno.test('there is no gate without a canary', () => {
  assertEquals(duty({ REDIS_URL: 'redis://r' }), { kind: 'none' });
});

Deno.test('a canary makes a gate, whose allowed target is Redis', () => {
  const redis = { hostname: 'r', port: 6379 };
  assertEquals(duty(pod), {
    kind: 'pass',
    order: { canary: { hostname: 'canary.system.svc', port: 8086 }, redis, enforcement: 'BestEffort' },
  });
  assertEquals(duty({ ...pod, NETWORK_CANARY: '[fd00::1]:1', NETWORK_ENFORCEMENT: 'Required' }), {
    kind: 'pass',
    order: { canary: { hostname: 'fd00::1', port: 1 }, redis, enforcement: 'Required' },
  });
});

Deno.test('a process the runner started tells what the runner found', () => {
  const passage = { result: 'Refused', ms: 3, opened: 0 } as const;
  assertEquals(duty({ ...pod, NETWORK_GATE: JSON.stringify(passage) }), { kind: 'passed', passage });
  assertEquals(duty({ ...pod, NETWORK_GATE: '{"result":"Fine"}' }).kind, 'pass');
});

Deno.test('names the variable that is wrong', () => {
  for (const canary of ['canary', 'canary:0', 'canary:70000', 'http://canary:1']) {
    assertThrows(() => duty({ ...pod, NETWORK_CANARY: canary }), /NETWORK_CANARY must be host:port/);
  }
  assertThrows(() => duty({ ...pod, REDIS_URL: 'http://r' }), /REDIS_URL: the Redis URL cannot be used/);
});
