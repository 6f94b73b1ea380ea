/**
 * The resolver program: `resolve-main [FILE]` reads one request as JSON from the file, else from stdin, and writes one
 * outcome as JSON on stdout. It exits with 0 when there is an outcome, whatever it is. Runs on Node and on Deno.
 *
 * CODE_DENO is the Deno to run [deno]; CODE_SEED a cache with the bundler; CODE_TYPES a file with what the runtime
 * declares, for types that are checked; CODE_CREDENTIALS credentials as JSON, for whoever
 * would not have them beside the request; CODE_SECONDS how long each of Deno's runs may take [120]. Proxies and certificates are passed on to Deno, and nothing else.
 */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { resolveCode } from './resolve.ts';
import { codeCredentials, resolverInput } from './request.ts';
import { passedOn } from './passed-on.ts';

const ending = new AbortController();

async function main(): Promise<void> {
  const [file] = process.argv.slice(2);
  const input = resolverInput.parse(
    JSON.parse(file === undefined ? await text(process.stdin) : await readFile(file, 'utf8')),
  );
  const apart = process.env['CODE_CREDENTIALS'];
  const credentials = apart ? codeCredentials.parse(JSON.parse(apart)) : input.credentials;
  const outcome = await resolveCode(
    { request: input.request, ...(credentials === undefined ? {} : { credentials }) },
    {
      denoPath: process.env['CODE_DENO'] ?? 'deno',
      seed: process.env['CODE_SEED'],
      runtimeTypes: process.env['CODE_TYPES'] ?? '',
      longestRunMs: 1000 * Number(process.env['CODE_SECONDS'] ?? 120),
      environment: passedOn(process.env),
      signal: ending.signal,
    },
  );
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

// What is under way is given up, and what it has written is removed.
process.once('SIGTERM', () => ending.abort());

main().catch((error: unknown) => {
  // What it has read may hold credentials: only what went wrong is told.
  process.stderr.write(`${error instanceof SyntaxError ? 'the request is no JSON' : String(error)}\n`);
  process.exitCode = 1;
});
