import { assertEquals } from '../testing/assert.ts';
import { inTermsOfTheManifest } from './denials.ts';

const refusal = (access: string, flag: string) => `Requires ${access}, run again with the --allow-${flag} flag`;

Deno.test('a refused permission names the field of the manifest that grants it, or what to do without', () => {
  const told = [
    ['net access to "127.0.0.1:9192"', 'net', 'add 127.0.0.1:9192 to spec.permissions.net'],
    ['net access to "0.0.0.0:0"', 'net', 'choose a port, and add it to spec.permissions.net'],
    ['net access', 'net', 'add the host to spec.permissions.net'],
    ['env access to "TOKEN"', 'env', 'add TOKEN to spec.permissions.env'],
    ['env access', 'env', 'add the names of the variables to spec.permissions.env'],
    ['import access to "example.com:443"', 'import', 'bundle it into the module'],
    [
      'read access to "/etc/passwd"',
      'read',
      'a worker reads no files; put it into the module, the request or the Secret of spec.secretRef',
    ],
    ['write access to <TMP>', 'write', 'a worker writes no files; keep it in memory or in Redis'],
    ['run access to "ls"', 'run', 'a worker starts and ends no processes'],
    ['sys access to "hostname"', 'sys', 'a worker learns nothing about its machine'],
    ['sys access to "ca"', 'sys', 'use fetch in place of node:https'],
    ['ffi access to "/x"', 'ffi', 'a worker loads no libraries of the system'],
  ] as const;
  for (const [access, flag, expected] of told) {
    assertEquals(
      inTermsOfTheManifest(`NotCapable: ${refusal(access, flag)} (again)`),
      `NotCapable: Requires ${access}: ${expected} (again)`,
    );
  }
});

Deno.test('an import that is not there says to bundle it', () => {
  assertEquals(
    [
      'npm specifiers were requested; but --no-npm is specified',
      'A remote specifier was requested: "https://deno.land/x/a.ts", but --no-remote is specified.',
      `JSR package manifest for '@std/assert' failed to load. A remote specifier was requested: "https://jsr.io/@std/assert/meta.json", but --no-remote is specified.`,
      'Import "lodash" not a dependency and not in import map from "file:///run/worker.ts"',
      'Module not found "file:///run/other.ts".',
    ].map(inTermsOfTheManifest),
    [
      'npm packages are not loaded from the network: bundle them into the module',
      '"https://deno.land/x/a.ts" is not loaded from the network: bundle it into the module',
      '"https://jsr.io/@std/assert/meta.json" is not loaded from the network: bundle it into the module',
      'Import "lodash" is no file beside the module: bundle it into the module',
      'Module not found "other.ts": a worker is one file, bundle it into the module',
    ],
  );
});

Deno.test('anything else stays as it is', () => {
  for (const text of ['', 'out of tea', 'Requires tea access, run again with the --allow-tea flag']) {
    assertEquals(inTermsOfTheManifest(text), text);
  }
});
