/** `redisworker rhai run`: a script by the engine of the workers, in a process that has what it may ask and no more. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { formatHostPort } from '../contract/host-port.ts';
import { closedFlags } from '../contract/pod.ts';
import { parseRedisAddress } from '../contract/redis-address.ts';
import type { RhaiRunEvent, RhaiRunOrder, RhaiRunRedis } from '../contract/rhai-run.ts';
import type { TlsFiles } from '../operator/default-redis-tls.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import { denoPath, imageRoot } from './installation.ts';
import type { Io } from './io.ts';
import { splitCredentials } from './redis-login.ts';
import { readTls } from './redis-options.ts';
import { textOf } from './text-of.ts';

/** The words of the command. */
export interface RhaiRun {
  /** Path of the script, or `-` for standard input. */
  readonly file: string;
  /** Path of what comes ahead of it. */
  readonly prelude?: string;
  readonly context: string;
  readonly caller: string;
  readonly timeoutSeconds: number;
  /** The Redis it may use, and patterns of the keys there. */
  readonly redisUrl: string | undefined;
  readonly tlsFiles: TlsFiles | undefined;
  readonly redisKeys: readonly string[];
  /** Hosts it may ask by HTTP, as in permissions.net. */
  readonly allowNet: readonly string[];
}

/** Prints what the script prints and what it comes to. @returns 1 when it ends with an error */
export async function runRhai(words: RhaiRun, io: Io): Promise<ExitCode> {
  const { prelude, context: contextId, caller: callerId, timeoutSeconds, allowNet, redisKeys } = words;
  const target = redisOf(words, io);
  const order: RhaiRunOrder = {
    script: await textOf(words.file, io),
    prelude: prelude === undefined ? '' : await textOf(prelude, io),
    contextId,
    callerId,
    timeoutSeconds,
    http: allowNet.length > 0,
    ...(target === undefined ? {} : { redis: { target, keys: redisKeys } }),
  };
  const net = [...allowNet, ...(target?.address.hosts ?? []).map(formatHostPort)];
  for await (const event of eventsOf(order, net)) {
    if ('failed' in event) throw new Failure(named(event.failed, prelude));
    if ('error' in event) throw new Failure(event.error);
    if ('progress' in event) io.err(`${event.progress} %`);
    else if ('value' in event || event.print === 'print') io.out('value' in event ? event.value : event.text);
    else io.err(event.text);
  }
  return exitCodes.ok;
}

function named(failure: string, prelude: string | undefined): string {
  return failure.replace(/^the prelude /, `the prelude ${prelude ?? ''} `);
}

/** @throws Failure (usage) for one that is more than a server */
function redisOf({ redisUrl, tlsFiles }: RhaiRun, { environment }: Io): RhaiRunRedis | undefined {
  if (redisUrl === undefined) return undefined;
  const { url, username, password } = splitCredentials(redisUrl, environment.redisPassword);
  const address = parseRedisAddress(url);
  if (address.topology.kind !== 'Standalone') {
    throw new Failure('"rhai run" speaks to one server: name it with --redis redis://host:port', exitCodes.usage);
  }
  return {
    address,
    name: 'redisworker:rhai-run',
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(address.tls ? { tls: readTls(tlsFiles, redisUrl) } : {}),
  };
}

/** Runs it by Deno, which holds it to these hosts. @throws Failure when the process cannot say what became of it */
async function* eventsOf(order: RhaiRunOrder, net: readonly string[]): AsyncGenerator<RhaiRunEvent> {
  const flags = [
    ...closedFlags,
    '--ignore-env',
    `--allow-read=${join(imageRoot, 'worker/rhai/engine.wasm')}`,
    ...(net.length > 0 ? [`--allow-net=${net.join(',')}`] : []),
  ];
  const child = spawn(denoPath(), ['run', ...flags, join(imageRoot, 'worker/rhai-run.js')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const gone = once(child, 'close');
  let said = '';
  child.stderr.on('data', (text: Buffer) => said += text.toString());
  child.stdin.on('error', () => undefined); // told by what it prints
  child.stdin.end(JSON.stringify(order));
  try {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as RhaiRunEvent;
    if ((await gone)[0] !== 0) throw new Failure(`the script could not be run: ${said.trim()}`);
  } finally {
    child.kill();
  }
}
