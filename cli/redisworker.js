#!/usr/bin/env node
/**
 * Starts the command line. It is written in TypeScript, which Node runs as it is from version 24 on;
 * an older Node starts the one that `npm ci` installs beside the project and steps aside.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const firstVersion = 24;
const installedNode = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
const ready = existsSync(new URL('../node_modules/commander/package.json', import.meta.url));

if (!ready) {
  stop('redisworker is not installed yet: run "npm ci" in ' + fileURLToPath(new URL('..', import.meta.url)));
} else if (Number.parseInt(process.versions.node, 10) >= firstVersion) {
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else if (!existsSync(installedNode)) {
  stop(
    `redisworker needs Node ${firstVersion} or newer, this is ${process.version}: run "npm ci", which installs one, or upgrade Node`,
  );
} else {
  continueIn(installedNode);
}

function stop(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

function continueIn(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => stop(`${node} does not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
