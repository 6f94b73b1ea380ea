import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../../contract/pod.ts';
import { whyEnded } from './why-ended.ts';

const esc = '\u001b';
/** What `FORCE_COLOR=1 deno run` writes of an error nobody caught. */
const coloured = `${esc}[0m${esc}[1m${esc}[31merror${esc}[0m: Uncaught (in promise) Error: no database at db:5432
function open(){ throw new Error('no database at db:5432'); }
${esc}[0m${esc}[31m                       ^${esc}[0m
    at ${esc}[0m${esc}[1m${esc}[3mopen${esc}[0m (${esc}[0m${esc}[36mfile:///run/worker.ts${esc}[0m:${esc}[33m1${esc}[0m:${esc}[33m24${esc}[0m)
    at async Session.run (file:///redisworker/worker/main.js:9:1)
Caused by: Error: refused
    at file:///run/worker.ts:1:34`;

const heap = `
<--- Last few GCs --->
[11080:0x5638a9e5b000]       80 ms: Mark-Compact (reduce) 30.4 (30.8) -> 30.4 (30.8) MB, pooled: 0.0 MB
#
# Fatal JavaScript out of memory: Reached heap limit
#
==== C stack trace ===============================

    deno(+0x28b0d2e) [0x56388e646d2e]`;

const working = '{"time":"2030-01-01T00:00:00Z","level":"info","msg":"working","consumer":"1"}';

describe('why a container ended is', () => {
  test.each([
    [
      'the line our runtime writes last',
      `Error: something else\nredisworker: spec.source: no default export\n${working}`,
      4,
      'spec.source: no default export',
    ],
    ['the sentence of an uncaught error, without colours, code and frames', coloured, 1, 'no database at db:5432'],
    ['the same below log lines', `${coloured}\n${working}`, 1, 'no database at db:5432'],
    [
      'the class of an error that has one',
      'error: Uncaught TypeError: x is not a function\n    at a.ts:1:1',
      1,
      'TypeError: x is not a function',
    ],
    [
      'what was refused',
      'error: Uncaught (in promise) NotCapable: Requires net access to "10.1.1.1:80", run again with the --allow-net flag\n    at mainFetch (ext:deno_fetch/26_fetch.js:2:2193)',
      1,
      'NotCapable: Requires net access to "10.1.1.1:80", run again with the --allow-net flag',
    ],
    [
      'a module that is not there',
      'error: Module not found "file:///run/nope.ts".\n    at file:///run/d.ts:1:15\n\nStack backtrace:\n   0: <unknown>',
      1,
      'Module not found "file:///run/nope.ts".',
    ],
    [
      'a syntax error',
      'error: SyntaxError: Expression expected\n  |\n1 | const x = ;\n  |           ~\n    at file:///g.ts:1:11',
      1,
      'SyntaxError: Expression expected',
    ],
    [
      'an error of many',
      'error: Uncaught (in promise) AggregateError: many\n    Error: a\n        at file:///i.ts:1:27',
      1,
      'AggregateError: many',
    ],
    [
      'an error another program printed',
      'starting\nError: listen EADDRINUSE\n    at Server.listen (node:net:1:2)\n',
      1,
      'listen EADDRINUSE',
    ],
    [
      'the last plain line where there is no error',
      `cannot find the table\n${working}\n    at async Session.run (file:///main.js:1:2)`,
      1,
      'cannot find the table',
    ],
    [
      'what the node says of a container that cannot start',
      'exec: "deno": executable file not found in $PATH',
      128,
      'exec: "deno": executable file not found in $PATH',
    ],
    ['never a log line alone', working, 1, 'ended with exit code 1'],
    [
      'never a frame alone',
      '    at async Session.run (file:///main.js:1:2)\n/usr/bin/deno(+0x28b0d2e) [0x1]',
      1,
      'ended with exit code 1',
    ],
    [
      'the heap that was full',
      heap,
      133,
      'ran out of memory for JavaScript objects: hold less at once, or raise spec.pod.resources.limits.memory',
    ],
    ['the signal, in words', working, 139, 'crashed with a segmentation fault (SIGSEGV)'],
    ['the number of a signal without words', '', 134, 'was ended by signal 6'],
    [
      'the exit code of our own, in words',
      '',
      exitCodes.fenced,
      'stopped because its pid or owner in the config hash was changed or removed',
    ],
    ['the exit code where nothing else is known', '', 2, 'ended with exit code 2'],
    [
      'who may have ended it, where it has ended well',
      '',
      0,
      'ends again and again with exit code 0: its program ends by itself, or its node ends it because it does not come up or its event loop does not turn',
    ],
  ])('%s', (_, message, exitCode, sentence) => {
    expect(whyEnded({ exitCode, message, reason: 'Error' })).toBe(sentence);
  });

  test('memory where the node says so, whatever was written', () => {
    expect(whyEnded({ exitCode: 137, reason: 'OOMKilled', message: coloured })).toBe(
      'was killed for using more memory than its limit: hold less at once, or raise spec.pod.resources.limits.memory',
    );
  });

  test('a loop that never awaits where a process was killed, not the line it had written before', () => {
    expect(whyEnded({ exitCode: 137, reason: 'Error', message: 'ready' })).toMatch(
      /^was killed \(SIGKILL\): its event loop/,
    );
  });

  test('at most 500 characters, none of them half', () => {
    const sentence = whyEnded({ exitCode: 1, message: `error: ${'😀'.repeat(400)}` });
    expect(sentence.length).toBeLessThanOrEqual(500);
    expect(sentence.isWellFormed()).toBe(true);
  });
});
