#!/usr/bin/env node
/**
 * Starts the command line. In the npm package it is plain JavaScript for Node 20 and newer. In a checkout it is
 * TypeScript, which Node runs as it is from version 24 on; an older Node starts the one that `npm ci` installs beside
 * the project and steps aside. This file itself is for any Node that knows modules, to tell an old one in a sentence.
 */
import { spawn } from 'child_process';
import { existsSync } from 'fs';
import * as nodeModule from 'module';
import { constants } from 'os';
import { fileURLToPath } from 'url';

const oldest = 20;
const runsTypeScript = 24;
const here = (path) => new URL(path, import.meta.url);
const node = Number.parseInt(process.versions.node, 10);

if (node < oldest) {
  stop(
    `redisworker needs Node ${oldest} or newer, this is ${process.version}: upgrade Node, or put a newer one first on PATH`,
  );
} else if (existsSync(here('../lib/cli.js')) && !existsSync(here('main.ts'))) {
  await start('../lib/cli.js');
} else if (!existsSync(here('main.ts'))) {
  stop('redisworker was packed without its build: make the package with "npm pack" in a checkout, and install that');
} else if (!existsSync(here('../node_modules/commander/package.json'))) {
  stop('redisworker is not installed yet: run "npm ci" in ' + fileURLToPath(here('..')));
} else if (node >= runsTypeScript) {
  await start('./main.ts');
} else {
  const installed = fileURLToPath(here('../node_modules/.bin/node'));
  if (existsSync(installed)) continueIn(installed);
  else {stop(
      `redisworker needs Node ${runsTypeScript} or newer in a checkout, this is ${process.version}: run "npm ci", which installs one, or upgrade Node`,
    );}
}

async function start(path) {
  if (nodeModule.enableCompileCache) nodeModule.enableCompileCache();
  const { main } = await import(path);
  process.exitCode = await main(process.argv.slice(2));
}

function stop(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

function continueIn(program) {
  const child = spawn(program, process.argv.slice(1), { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => stop(`${program} does not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code === null ? 128 + (constants.signals[signal] || 0) : code;
  });
}
