/**
 * The resolver program as a Job runs it: `resolve-job FILE` reads one request as JSON from the file and writes the outcome
 * as one line, see result-line.ts. Runs on Node and on Deno.
 *
 * CODE_DENO is the Deno to run [deno]; CODE_SEED a cache that has the bundler; CODE_TYPES a file with what the runtime
 * declares; CODE_MEMORY how much memory there is, to be told to whom it did not do. Proxies and certificates are passed on to
 * Deno, and nothing else.
 */
import { readFile } from 'node:fs/promises';
import { passedOn } from './passed-on.ts';
import { resolverInput } from './request.ts';
import { resolveCode } from './resolve.ts';
import { resultLine } from './result-line.ts';

async function main(): Promise<void> {
  const [file = ''] = process.argv.slice(2);
  const input = resolverInput.parse(JSON.parse(await readFile(file, 'utf8')));
  const outcome = await resolveCode(input, {
    denoPath: process.env['CODE_DENO'] ?? 'deno',
    seed: process.env['CODE_SEED'],
    runtimeTypes: process.env['CODE_TYPES'] ?? '',
    memory: process.env['CODE_MEMORY'],
    environment: passedOn(process.env),
  });
  process.stdout.write(`${resultLine(outcome)}\n`);
}

main().catch((error: unknown) => {
  // What it has read may hold credentials: only what went wrong is told.
  process.stderr.write(`${error instanceof SyntaxError ? 'the request is no JSON' : String(error)}\n`);
  process.exitCode = 1;
});
