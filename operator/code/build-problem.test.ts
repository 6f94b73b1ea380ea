import { describe, expect, test } from 'vitest';
import { buildProblem } from './build-problem.ts';

const told = (stderr: string): string => buildProblem(stderr, '/home/a/greet.ts', (path) => path.slice(8)).sentence;

describe('what Deno says becomes one sentence:', () => {
  test.each([
    [
      'the bundler that cannot be fetched',
      'error: Failed loading https://registry.test/@esbuild%2flinux-x64 for package "@esbuild/linux-x64"\n\nCaused by:\n    error sending request for url\n',
      'greet.ts: the bundler cannot be fetched: Deno takes esbuild from npm once; go online, or set NPM_CONFIG_REGISTRY to a registry that can be reached',
    ],
    [
      'a host that does not answer, with why',
      "error: Import 'https://deno.land/x/y.ts' failed.\n    0: error sending request\n    1: dns error\n    at file:///home/a/lib/x.ts:1:8\nerror: bundling failed\n\nStack backtrace:\n   0: <unknown>\n",
      "lib/x.ts:1:8: Import 'https://deno.land/x/y.ts' failed: dns error",
    ],
    [
      'several types, of which the first is told',
      "\u001b[1mTS2322 \u001b[0m[ERROR]: Type 'string' is not assignable to type 'number'.\nconst a: number = 'x';\n      ^\n    at file:///home/a/greet.ts:1:7\n\nTS2304 [ERROR]: Cannot find name 'y'.\n    at file:///home/a/greet.ts:2:1\n\nFound 2 errors.\n\nerror: Type checking failed.\n",
      "greet.ts:1:7: Type 'string' is not assignable to type 'number' (and 1 more)",
    ],
    [
      'a package that is not what the lock says',
      'error: Integrity check failed for remote specifier\n    at https://x.example/y.ts:4:2\n',
      'https://x.example/y.ts:4:2: what was loaded is not what deno.lock says it should be: find out why before you renew the lock',
    ],
    ['nothing', '', 'greet.ts: this cannot be bundled, and Deno does not say why'],
  ])('%s', (_what, stderr, sentence) => {
    expect(told(stderr)).toBe(sentence);
  });
});
