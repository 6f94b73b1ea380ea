import { proxyVariables } from '../../contract/pod.ts';
import { assertEquals, assertThrows } from '../testing/assert.ts';
import type { RunnerArguments } from './arguments.ts';
import { childCommand, childEnvironment } from './child-command.ts';

const redirect = new URL('file:///app/redirect.ts');
const script: RunnerArguments = {
  hashKey: 'demo:1:h',
  forward: { hostname: '127.0.0.1', port: 6379 },
  command: ['deno', 'run', '--allow-env=LANG,GREETING', '/run/a b/w?.ts', 'demo:1:h'],
};
const moved: RunnerArguments = { ...script, forward: { hostname: '127.0.0.1', port: 7001 } };

/** The import map of a command, by the flag's place. */
function importMapOf(command: readonly string[], at: number): Record<string, string> {
  const [flag, json = ''] = (command[at] ?? '').split('=data:application/json,');
  assertEquals(flag, '--import-map');
  return JSON.parse(decodeURIComponent(json)).imports;
}

Deno.test('a script is started as asked, and imports no file beside itself', () => {
  const command = childCommand(script, redirect);
  assertEquals([...command.slice(0, 2), ...command.slice(3)], script.command);
  assertEquals(importMapOf(command, 2), {
    'file:///': 'file:///nonexistent/',
    'file:///run/a%20b/w%3F.ts': 'file:///run/a%20b/w%3F.ts',
  });
});

Deno.test('a runtime of our own is started as asked', () => {
  const { forward: _, ...runtime } = script;
  assertEquals(childCommand(runtime, redirect), script.command);
});

Deno.test('on another port a module that goes there is loaded before the script', () => {
  const command = childCommand(moved, redirect);
  assertEquals(command.slice(0, 3), ['deno', 'run', '--preload=file:///app/redirect.ts?port=7001']);
  assertEquals(importMapOf(command, 3)['file:///app/redirect.ts?port=7001'], 'file:///app/redirect.ts?port=7001');
  assertEquals(command.slice(4), script.command.slice(2));
});

Deno.test('what is no deno run cannot be a script', () => {
  const refused = () => childCommand({ ...moved, command: ['node', 'w.js'] }, redirect);
  assertThrows(refused, /a script is started as "deno run … FILE KEY", not as "node w.js"/);
});

const noProxy = Object.fromEntries(proxyVariables.map((name) => [name, '']));
const pod = { PATH: '/bin', HOME: '/tmp', GREETING: 'hi', REDIS_URL: 'redis://r:6379', REDIS_PASSWORD_FILE: '/p' };

Deno.test('a script is given what every process needs and what its --allow-env names', () => {
  assertEquals(childEnvironment(script, pod), { PATH: '/bin', HOME: '/tmp', GREETING: 'hi', ...noProxy });
});

Deno.test("a script is given what Deno's own telemetry reads", () => {
  const told = { OTEL_DENO: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
  assertEquals(childEnvironment(script, { ...pod, ...told }), { ...childEnvironment(script, pod), ...told });
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
