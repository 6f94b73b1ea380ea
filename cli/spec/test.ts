/** `redisworker test`: requests and what is expected of them, from files, against real workers. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { systemClock } from '../../operator/clock.ts';
import { FolderWatch } from '../../operator/cluster/local/files/watch-folders.ts';
import { isElsewhere } from '../cluster-words.ts';
import { type ExitCode, exitCodes, Failure, messageOf } from '../failure.ts';
import { type ClusterFlags, runInOperator } from '../in-operator.ts';
import type { Io } from '../io.ts';
import { junitOf } from './junit.ts';
import { isAllPassed, type SpecOutcome, specOutcome } from './outcome.ts';
import { readSpec, type Spec } from './read.ts';
import { Runs, type RunSettings } from './runs.ts';
import { specFiles } from './spec-files.ts';
import { linesOf } from './told.ts';

/** The words of the command. */
export interface TestOptions extends RunSettings {
  /** Files, folders of them, or `-` for standard input. */
  readonly files: readonly string[];
  /** Of a cluster, in whose operator's pod the cases are run. */
  readonly cluster: ClusterFlags & { readonly redis?: string | undefined };
  readonly junit: string | undefined;
  readonly output: 'json' | undefined;
  readonly watch: boolean;
}

/** A file with its text. */
type Text = readonly [file: string, text: string];

const lookEveryMs = 250;

/**
 * Runs all specs once, or with `watch` again and again until `stop` settles.
 * @returns 1 when a case has failed
 * @throws Failure when a spec is wrong or is not there
 */
export async function test(options: TestOptions, io: Io, stop: Promise<void>): Promise<ExitCode> {
  const ends = new AbortController();
  void stop.then(() => ends.abort());
  await using runs = new Runs(options, io, ends.signal);
  try {
    return options.watch
      ? await runAgain(options, runs, io, ends.signal)
      : await runOnce(await read(options, io), options, runs, io);
  } catch (error) {
    if (!ends.signal.aborted) throw error;
    return options.watch ? exitCodes.ok : exitCodes.interrupted;
  }
}

async function runOnce(texts: readonly Text[], options: TestOptions, runs: Runs, io: Io): Promise<ExitCode> {
  const specs = texts.map(([file, text]) => readSpec(text, file));
  const outcomes: SpecOutcome[] = [];
  for (const [at, spec] of specs.entries()) {
    const there = isElsewhere(options.cluster, io);
    outcomes.push(there ? await runThere(spec, texts[at]?.[1] ?? '', options.cluster, io) : await runs.run(spec));
    if (!options.watch) await runs.end(spec, specs.slice(at + 1));
  }
  if (options.junit !== undefined) await writeFile(options.junit, junitOf(outcomes)).catch(cannotWrite);
  if (options.output === 'json') io.out(JSON.stringify(outcomes));
  else for (const line of linesOf(outcomes, io.colours.out)) io.out(line);
  return isAllPassed(outcomes) ? exitCodes.ok : exitCodes.failed;
}

function cannotWrite(error: unknown): never {
  throw new Failure(`the report of --junit cannot be written: ${messageOf(error)}`, exitCodes.usage);
}

async function read({ files }: TestOptions, io: Io): Promise<readonly Text[]> {
  return await Promise.all((await specFiles(files)).map(async (file): Promise<Text> => {
    if (file === '-') return [file, await io.input()];
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Failure(`the spec ${file} cannot be read: ${messageOf(error)}`, exitCodes.usage);
    });
    return [file, text];
  }));
}

/** The operator's pod has the way to the Redis, and not the file: that goes along as its standard input. */
async function runThere(spec: Spec, text: string, cluster: TestOptions['cluster'], io: Io): Promise<SpecOutcome> {
  const printed: string[] = [];
  const told: string[] = [];
  const pipe: Io = {
    ...io,
    out: (line) => void printed.push(line),
    err: (line) => void told.push(line),
    input: () => Promise.resolve(text),
  };
  const code = await runInOperator(cluster, ['test', '-', '--output', 'json'], pipe);
  const outcome = z.tuple([specOutcome]).safeParse(parsed(printed.join('\n'))).data?.[0];
  if (outcome === undefined) {
    throw new Failure(
      told.join('\n') || `the operator's pod says nothing of ${spec.file}: is it of another version?`,
      code,
    );
  }
  const cases = outcome.cases.map((one) => ({ ...one, where: one.where.replace(/^-/, spec.file) }));
  return { ...outcome, file: spec.file, cases };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function runAgain(options: TestOptions, runs: Runs, io: Io, stop: AbortSignal): Promise<ExitCode> {
  const changes = { seen: 0 };
  const watch = new FolderWatch(systemClock, () => {
    changes.seen += 1;
  });
  using _ = { [Symbol.dispose]: () => watch.close() };
  for (;;) {
    await watch.watch(await foldersOf(options));
    const before = await look(options, io);
    if (before.texts !== undefined) {
      await runOnce(before.texts, options, runs, io).catch((error: unknown) => {
        if (stop.aborted || !(error instanceof Failure)) throw error;
        io.err(error.message);
      });
    }
    io.err('… waiting for a change; Ctrl-C ends it');
    const version = runs.version();
    for (let seen = changes.seen;;) {
      await delay(lookEveryMs, undefined, { signal: stop });
      if (runs.version() !== version) break;
      if (changes.seen === seen) continue;
      seen = changes.seen;
      if ((await look(options, io)).key !== before.key) break; // another file of the folder is none of its business
    }
  }
}

/** Where a change of the specs is seen. */
async function foldersOf({ files }: TestOptions): Promise<readonly string[]> {
  const found = await specFiles(files).catch(() => []);
  return [...new Set([...files, ...found].map((file) => dirname(resolve(file))))];
}

/** The specs as they are now; a file that is being saved may not be there. */
async function look(options: TestOptions, io: Io): Promise<{ readonly texts?: readonly Text[]; readonly key: string }> {
  try {
    const texts = await read(options, io);
    return { texts, key: JSON.stringify(texts) };
  } catch (error) {
    io.err(messageOf(error));
    return { key: messageOf(error) };
  }
}
