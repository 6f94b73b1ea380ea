import { assertEquals } from '../testing/assert.ts';
import { doesNotParse, whyEnded } from './child-end.ts';

const ended = (lastWords: string, code = 1, signal: Deno.Signal | null = null) =>
  whyEnded('script', { code, signal, lastWords });

Deno.test('an error nobody caught is told with its sentence and its place, without colours and frames', () => {
  const error = '\u001b[0m\u001b[1m\u001b[31merror\u001b[0m: Uncaught (in promise) TypeError: boom\n' +
    "throw new TypeError('boom');\n      ^\n    at charge (file:///run/redisworker/source/worker.ts:2:24)\n    at ext:core/01_core.js:1:1\n";
  assertEquals(ended(error), 'the script ended with exit code 1: TypeError: boom (worker.ts:2:24)');
  assertEquals(
    ended(
      'error: Uncaught (in worker "") (in promise) Error: w\nerror: Uncaught (in promise) Error: Unhandled error in child worker.',
    ),
    'the script ended with exit code 1: Error: w',
  );
});

Deno.test('a refusal is told in the words of the manifest', () => {
  const denied = 'Requires net access to "10.0.0.1:80", run again with the --allow-net flag';
  assertEquals(
    ended(`error: Uncaught (in promise) NotCapable: ${denied}\n    at file:///a/worker.ts:7:25`),
    'the script ended with exit code 1: NotCapable: Requires net access to "10.0.0.1:80": add 10.0.0.1:80 to spec.permissions.net (worker.ts:7:25)',
  );
  assertEquals(
    ended(
      'error: npm specifiers were requested; but --no-npm is specified\n    at file:///a/worker.ts:1:8\n\nStack backtrace:\n   0: <unknown>\n',
    ),
    'the script ended with exit code 1: npm packages are not loaded from the network: bundle them into the module (worker.ts:1:8)',
  );
});

Deno.test('a script that exits by itself is told with the last thing it said', () => {
  assertEquals(
    ended('starting\n\u001b[31mdemo:1:h has another "pid" now: stopping\u001b[0m\n\n', 7),
    'the script ended with exit code 7: demo:1:h has another "pid" now: stopping',
  );
  assertEquals(ended('', 3), 'the script ended with exit code 3');
});

Deno.test('a full heap is told as such, whatever comes after it', () => {
  const dump =
    '<--- Last few GCs --->\n#\n# Fatal JavaScript out of memory: Reached heap limit\n#\n==== C stack trace ====\n\n    deno(+0x28b0d2e) [0x560b47bf5d2e]\n';
  assertEquals(
    ended(dump, 133, 'SIGTRAP'),
    'the script ran out of memory: raise spec.pod.resources.limits.memory, or hold less at once',
  );
});

Deno.test('a signal is told by its name', () => {
  assertEquals(ended('working\n', 137, 'SIGKILL'), 'the script was ended by SIGKILL');
});

Deno.test('a runtime of ours that has said why it ends is not talked over', () => {
  assertEquals(ended('redisworker: the module worker.ts has no default export\n', 4), undefined);
});

Deno.test('a program that does not parse is told with the line that does not', () => {
  const frame =
    'error: SyntaxError: Expression expected\n   |\n12 |   const a = ;\n   |             ~\n    at file:///r/worker.ts:12:13\n';
  assertEquals(
    ended(frame),
    'the script ended with exit code 1: SyntaxError: Expression expected (worker.ts:12:13): const a = ;',
  );
  const early =
    "error: Uncaught SyntaxError: Identifier 'a' has already been declared\nconst a=2;\n      ^\n    at <anonymous> (file:///r/worker.ts:2:7)\n";
  assertEquals(
    ended(early),
    "the script ended with exit code 1: SyntaxError: Identifier 'a' has already been declared (worker.ts:2:7): const a=2;",
  );
  for (const lastWords of [frame, early]) assertEquals(doesNotParse({ code: 1, signal: null, lastWords }), true);
});

Deno.test('a SyntaxError that running code throws is no fault of the program', () => {
  const thrown = [
    'error: Uncaught (in promise) SyntaxError: Unexpected end of JSON input\nJSON.parse("");\n     ^\n    at JSON.parse (<anonymous>)\n    at file:///r/worker.ts:2:6\n',
    'error: Uncaught SyntaxError: Unexpected end of JSON input\n    at JSON.parse (<anonymous>)\n    at file:///r/worker.ts:2:6\n',
    'error: Uncaught (in promise) Error: no table\n    at file:///r/worker.ts:2:6\n',
    'bye\n',
    '',
  ];
  for (const lastWords of thrown) assertEquals(doesNotParse({ code: 1, signal: null, lastWords }), false);
});

Deno.test('of an error the script printed itself, the sentence is told and not its last frame or field', () => {
  const printed =
    'Error: connect ECONNREFUSED 10.1.1.1:5432\n    at connect (file:///r/worker.ts:3:9)\n    at async file:///r/worker.ts:9:1 {\n  errno: -111,\n  code: "ECONNREFUSED"\n}\n';
  assertEquals(ended(printed), 'the script ended with exit code 1: Error: connect ECONNREFUSED 10.1.1.1:5432');
  assertEquals(ended(`${printed}giving up\n`, 2), 'the script ended with exit code 2: giving up');
});
