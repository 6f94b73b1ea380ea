/**
 * Where a running `up` can be found by a command in another terminal: `<name>.json` and the socket
 * `<name>.sock` in a folder that only this user can enter.
 */
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { exitCodes, Failure, messageOf, systemCode } from './failure.ts';
import type { Environment } from './io.ts';
import { userId } from './user.ts';

const sessionSchema = z.object({
  name: z.string(),
  pid: z.int().positive(),
  /** Never with credentials. */
  redisUrl: z.string(),
  /** The redis-server that `up` started, when it started one. */
  ownRedisPid: z.int().positive().optional(),
  /** The password of that server. Of a Redis that was there before, none is kept. */
  ownRedisPassword: z.string().optional(),
  /** How TLS to a Redis that was there before is checked: paths and a name. */
  tls: z.object({
    caFile: z.string().optional(),
    certFile: z.string().optional(),
    keyFile: z.string().optional(),
    serverName: z.string().optional(),
  }).optional(),
});

/** A running `up`, as it tells of itself. */
export type Session = z.infer<typeof sessionSchema>;

/** The files of one session. */
export interface SessionFiles {
  readonly state: string;
  readonly socket: string;
  /** Folder for the files of pods. It lies on disk: what pods cache may be large. */
  readonly data: string;
}

const socketEnding = '.sock';
const maxSocketBytes = process.platform === 'linux' ? 107 : 103;
const namePattern = /^[a-z][-a-z0-9]{0,30}$/;

/**
 * The files of the session `name`; makes their folder when there is none.
 * @throws Failure when the name is not one, or when somebody else may enter the folder.
 */
export async function sessionFiles(name: string, environment: Environment): Promise<SessionFiles> {
  if (!namePattern.test(name)) {
    throw new Failure(
      `"${name}" is no session name: use up to 31 lower-case letters, digits and dashes`,
      exitCodes.usage,
    );
  }
  const folder = await runtimeFolder(environment);
  const temporary = await privateFolder(join(tmpdir(), `redisworker-${userId()}`));
  const socket = join(folder, `${name}${socketEnding}`);
  mustFit(socket);
  return {
    state: join(folder, `${name}.json`),
    socket,
    data: join(temporary, name),
  };
}

/** What the system has no room for would be cut short, and so be another socket. */
function mustFit(socket: string): void {
  const bytes = Buffer.byteLength(socket);
  if (bytes <= maxSocketBytes) return;
  throw new Failure(
    `the path of the session's socket has ${bytes} bytes, of which this system takes ${maxSocketBytes}: set XDG_RUNTIME_DIR or TMPDIR to a shorter folder than that of ${socket}`,
  );
}

/** The session that the state file tells of, whether or not it still runs. */
export async function readSession(files: SessionFiles): Promise<Session | undefined> {
  try {
    return sessionSchema.parse(JSON.parse(await readFile(files.state, 'utf8')));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new Failure(`${files.state} cannot be read (${messageOf(error)}): remove it`, exitCodes.failed, {
      cause: error,
    });
  }
}

/** Tells other terminals of a session. They find the whole file or none. */
export async function writeSession(files: SessionFiles, session: Session): Promise<void> {
  const unfinished = `${files.state}.new`;
  await rm(unfinished, { force: true }); // an existing file would keep its mode
  await writeFile(unfinished, `${JSON.stringify(session)}\n`, { mode: 0o600 });
  await rename(unfinished, files.state);
}

/** The names under which sessions run or were killed. */
export async function sessionNames(environment: Environment): Promise<readonly string[]> {
  const files = await readdir(await runtimeFolder(environment));
  return files.filter((file) => file.endsWith(socketEnding)).map((file) => file.slice(0, -socketEnding.length)).sort();
}

/** Takes the files of a session away; it is fine when they are gone. */
export async function removeSession(files: SessionFiles): Promise<void> {
  await Promise.all([rm(files.state, { force: true }), rm(files.socket, { force: true })]);
}

/** A folder in the login session's own, or in the temporary one. */
async function runtimeFolder({ runtimeFolder: own }: Environment): Promise<string> {
  return await isOwnFolder(own)
    ? privateFolder(join(own ?? '', 'redisworker'))
    : privateFolder(join(tmpdir(), `redisworker-${userId()}`));
}

async function privateFolder(folder: string): Promise<string> {
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw new Failure(`the folder ${folder} cannot be made: ${messageOf(error)}`);
  });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== userId()) {
    throw new Failure(`${folder} belongs to somebody else: remove it, or set XDG_RUNTIME_DIR to a folder of your own`);
  }
  if ((found.mode & 0o077) !== 0) await chmod(folder, 0o700);
  return folder;
}

async function isOwnFolder(folder: string | undefined): Promise<boolean> {
  if (folder === undefined) return false;
  return stat(folder).then((found) => found.isDirectory() && found.uid === userId(), () => false);
}
