/** `redisworker dead`: what its commands print, and how they fail. */
import { maxMovedFields } from '../contract/limits.ts';
import { formatAge } from '../operator/age.ts';
import {
  type DeadLetter,
  eachLetter,
  findLetter,
  newestId,
  ownField,
  purgeOne,
  purgeUpTo,
  redriveAll,
  type Redriven,
  redriveOne,
  type Route,
} from '../operator/redis/requests/dead-letters.ts';
import { counted } from '../operator/counted.ts';
import { type ExitCode, exitCodes, Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';
import { printable, shortened } from '../operator/redis/requests/printable.ts';
import { program } from './program.ts';
import { connectRedis } from './redis.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';
import { tlsFilesOf, type TlsOptions } from './redis-options.ts';
import { alignRows } from './table.ts';
import { taskQueueKey } from '../contract/tasks.ts';
import { usualTasks } from '../operator/page/worker-streams.ts';
import { findTarget } from './target.ts';

/** The words every command has. */
export interface DeadWords extends Readonly<TlsOptions> {
  readonly type: string;
  readonly name: string;
  readonly redis?: string;
  /** Of a worker of a cluster. */
  readonly namespace?: string;
  /** Key of the dead-letter stream, when it is not the usual one. */
  readonly stream?: string;
}

/** Which letters: one, or all. */
export interface Choice {
  readonly id?: string | undefined;
  readonly all?: true;
}

const reasonLength = 60;

/** Prints the newest `limit` letters as a table. */
export function listLetters(words: DeadWords & { readonly limit: number }, io: Io): Promise<ExitCode> {
  return onStreams(words, io, async (redis, { from }) => {
    const rows: string[][] = [];
    await eachLetter(redis, from, words.limit, (letter) => rows.push(rowOf(letter)));
    if (rows.length === 0) {
      io.err(`there is no dead letter on ${from}`);
      return;
    }
    for (const line of alignRows([['ID', 'REF', 'REASON', 'ATTEMPTS', 'AGE'], ...rows])) io.out(line);
    const more = await redis.xlen(from) - rows.length;
    if (more > 0) io.err(`${more} older ones are not shown; --limit shows more`);
  });
}

/** Prints one letter with every field. @throws Failure when it is not there. */
export function showLetter(words: DeadWords, id: string, io: Io): Promise<ExitCode> {
  mustBeId(id);
  return onStreams(words, io, async (redis, { from }) => {
    const letter = await findLetter(redis, from, id) ?? absent(words, from, id);
    const own = [['reason', 'reason'], ['attempts', 'attempts'], ['code digest', 'source'], [
      'first id',
      'xid',
    ]] as const;
    const told = own.filter(([, name]) => ownField(letter, name).length > 0).map((
      [title, name],
    ) => [title, printable(ownField(letter, name))]);
    for (const line of alignRows([['id', letter.id], ['age', ageOf(letter)], ...told])) io.out(line);
    io.out('');
    for (const line of alignRows([['FIELD', 'VALUE'], ...letter.fields.map((field) => field.map(printable))])) {
      io.out(line);
    }
  });
}

/** Sends letters back to the request stream `to`, or the usual one. @throws Failure when one cannot be sent. */
export function redriveLetters(words: DeadWords & { readonly to?: string }, choice: Choice, io: Io): Promise<ExitCode> {
  mustBeOneOrAll(choice);
  return onStreams(words, io, async (redis, route) => {
    const { id } = choice;
    const done = id === undefined ? await redriveAll(redis, route) : await redriveOne(redis, route, id);
    if (done.obstacle !== undefined) throw blocked(done, done.obstacle, route);
    if (id !== undefined && done.sent === 0) absent(words, route.from, id);
    io.out(`${counted(done.sent, route.tasks ? 'task' : 'request')} sent back to ${route.to}`);
  });
}

/** Removes letters for good. @throws Failure (usage) unless `yes` says that it is meant. */
export function purgeLetters(words: DeadWords, choice: Choice & { readonly yes?: true }, io: Io): Promise<ExitCode> {
  mustBeOneOrAll(choice);
  return onStreams(words, io, async (redis, { from }) => {
    const { id, yes } = choice;
    const last = id === undefined ? await newestId(redis, from) : undefined;
    if (yes === undefined) {
      const doomed = id === undefined ? counted(await redis.xlen(from), 'dead letter') : `the dead letter ${id}`;
      throw new Failure(`this removes ${doomed} on ${from} for good; say so with --yes`, exitCodes.usage);
    }
    if (id !== undefined && !await purgeOne(redis, from, id)) absent(words, from, id);
    const removed = last === undefined ? Number(id !== undefined) : await purgeUpTo(redis, from, last);
    io.out(`${counted(removed, 'dead letter')} removed from ${from}`);
  });
}

async function onStreams(
  words: DeadWords & { readonly to?: string },
  io: Io,
  act: (redis: RedisClient, route: Route) => Promise<void>,
): Promise<ExitCode> {
  const { type, name, namespace, redis: redisUrl, stream, to } = words;
  const target = await findTarget(
    { type, session: name, namespace, redisUrl, tlsFiles: tlsFilesOf(words), keysNamed: stream !== undefined },
    io,
  );
  const { deadLetterStream, requestStream, tasks } = target;
  const route = {
    from: stream ?? deadLetterStream,
    to: to ?? tasks?.queue ?? requestStream,
    tasks: tasks ?? (to?.startsWith(taskQueueKey('')) === true ? usualTasks(to) : undefined),
  };
  const redis = await connectRedis(target.redisUrl, target);
  try {
    await act(redis, route);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      `the dead letters on ${route.from} cannot be worked on: Redis says "${
        messageOf(error)
      }"; nothing is half done, so the command can be repeated`,
      exitCodes.failed,
      { cause: error },
    );
  } finally {
    redis.disconnect();
  }
}

function rowOf(letter: DeadLetter): string[] {
  const reason = shortened(printable(ownField(letter, 'reason')), reasonLength);
  return [
    letter.id,
    letter.ref === undefined ? '' : printable(letter.ref),
    reason,
    printable(ownField(letter, 'attempts')),
    ageOf(letter),
  ];
}

/** An entry id begins with the milliseconds since 1970 at which it was added. */
function ageOf({ id }: DeadLetter): string {
  return formatAge((Date.now() - Number(id.split('-', 1)[0])) / 1000);
}

function blocked(
  { sent }: Redriven,
  { id, kind }: NonNullable<Redriven['obstacle']>,
  { from, to, tasks }: Route,
): Failure {
  const done = sent > 0 ? `${counted(sent, tasks ? 'task' : 'request')} sent back to ${to}, but ` : '';
  if (kind === 'noStream') {
    return new Failure(
      `${done}there is no stream ${to}, so nobody would take the request: start its worker first, or name another stream with --to; tasks of Rhai go back with --to ${
        taskQueueKey('<circle>')
      }`,
    );
  }
  if (kind === 'noTask') {
    return new Failure(
      `${done}the task of the dead letter ${id} has no hash that begins with ${
        tasks?.details ?? ''
      } any more: have its dispatcher push it again, and remove the letter from ${from} with "${program} dead purge"`,
    );
  }
  return new Failure(
    `${done}the dead letter ${id} has no field to send, or more than ${maxMovedFields}: look at it with "${program} dead show", then remove it from ${from} with "${program} dead purge"`,
  );
}

function mustBeOneOrAll({ id, all }: Choice): void {
  if ((id === undefined) === (all === undefined)) {
    throw new Failure('name one dead letter by its id, or take every one with --all', exitCodes.usage);
  }
  if (id !== undefined) mustBeId(id);
}

function mustBeId(id: string): void {
  if (/^\d{1,20}-\d{1,20}$/.test(id)) return;
  throw new Failure(
    `the id of a dead letter reads 1700000000000-0, as "${program} dead list" shows it`,
    exitCodes.usage,
  );
}

function absent({ type }: DeadWords, from: string, id: string): never {
  throw new Failure(`there is no dead letter ${id} on ${from}; "${program} dead list ${type}" shows which there are`);
}
