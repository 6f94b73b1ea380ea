/**
 * The broker of modules beside the limit of the platform: `make bench-broker` measures calls to modules in workers and in
 * processes of their own, as the npm package has the broker, and writes bench/results/broker.json and docs/performance.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { denoPath } from '../cli/installation.ts';
import { bundleBroker } from '../package/broker.ts';
import type { BrokerResults } from './broker-results.ts';
import { writePage } from './performance-page.ts';
import { significant } from './statistics.ts';

const folder = mkdtempSync(join(tmpdir(), 'redisworker-broker-'));
try {
  for (const [path, text] of await bundleBroker()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const program = new URL('peers/broker.ts', import.meta.url).pathname;
  const args = ['run', '--quiet', '--no-check', '-A', program, join(folder, 'broker'), folder];
  const measured = JSON.parse(execFileSync(denoPath(), args, { encoding: 'utf8' })) as Record<string, number>;
  const results: BrokerResults = {
    measured: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    figures: Object.fromEntries(Object.entries(measured).map(([name, value]) => [name, significant(value)])),
    original: {
      callUsP50: 64,
      moduleToModuleUsP50: 107,
      callsPerSecond256: 19_700,
      callsPerSecond1024: 5600,
      firstCallWorkerMs: 22,
    },
  };
  const text = `${JSON.stringify(results, undefined, 2)}\n`;
  writeFileSync(new URL('results/broker.json', import.meta.url), text);
  process.stdout.write(text);
  writePage();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
