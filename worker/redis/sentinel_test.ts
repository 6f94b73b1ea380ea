import { assertEquals } from '../testing/assert.ts';
import { serverIn } from './sentinel.ts';

Deno.test('the master a Sentinel names is a host and a port, or none', () => {
  assertEquals(serverIn(['10.0.0.1', '6379']), { host: '10.0.0.1', port: 6379 });
  for (const reply of [null, [], ['10.0.0.1'], ['', '6379'], ['h', '0'], ['h', '6379x'], 'OK']) {
    assertEquals(serverIn(reply), undefined);
  }
});
