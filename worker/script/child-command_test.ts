import { proxyVariables } from '../../contract/pod.ts';
import { assertEquals, assertThrows } from '../testing/assert.ts';
import type { RunnerArguments } from './arguments.ts';
import { childCommand, childEnvironment } from './child-command.ts';

const redirect = new URL('file:///app/redirect.ts');
const script: RunnerArguments = {
  hashKey: 'demo:1:h',
  forward: { hostname: '127.0.0.1', port: 6379 },
  command: ['deno', 'run', '--allow-env=LANG,GREETING', 'w.ts', 'demo:1:h'],
};
const moved: RunnerArguments = { ...script, forward: { hostname: '127.0.0.1', port: 7001 } };

Deno.test('on its usual port a script is started as asked', () => {
  assertEquals(childCommand(script, redirect), script.command);
});

Deno.test('on another port a module that goes there is loaded before the script', () => {
  const command = childCommand(moved, redirect);
  assertEquals(command.slice(0, 3), ['deno', 'run', '--preload=file:///app/redirect.ts?port=7001']);
  assertEquals(command.slice(3), script.command.slice(2));
});

Deno.test('what is no deno run cannot be moved to another port', () => {
  const refused = () => childCommand({ ...moved, command: ['node', 'w.js'] }, redirect);
  assertThrows(refused, /can be moved from port 6379 to 7001 only as "deno run …", not as "node w.js"/);
});

const noProxy = Object.fromEntries(proxyVariables.map((name) => [name, '']));
const pod = { PATH: '/bin', HOME: '/tmp', GREETING: 'hi', REDIS_URL: 'redis://r:6379', REDIS_PASSWORD_FILE: '/p' };

Deno.test('a script is given what every process needs and what its --allow-env names', () => {
  assertEquals(childEnvironment(script, pod), { PATH: '/bin', HOME: '/tmp', GREETING: 'hi', ...noProxy });
});

Deno.test('a script keeps a cache of its own beside the read-only one of the image', () => {
  assertEquals(childEnvironment(script, { ...pod, DENO_DIR: '/redisworker/deno' }), {
    PATH: '/bin',
    HOME: '/tmp',
    GREETING: 'hi',
    DENO_DIR: '/tmp/deno',
    ...noProxy,
  });
});

Deno.test('a script has no proxy, whatever its pod or its --allow-env names', () => {
  const asked = { ...script, command: ['deno', 'run', '--allow-env=HTTPS_PROXY', 'w.ts', 'demo:1:h'] as const };
  assertEquals(childEnvironment(asked, { PATH: '/bin', HTTPS_PROXY: 'http://p', http_proxy: 'http://p' }), {
    PATH: '/bin',
    ...noProxy,
  });
});

Deno.test('a runtime of our own is given the whole environment', () => {
  const { forward: _, ...runtime } = script;
  assertEquals(childEnvironment(runtime, pod), pod);
});
