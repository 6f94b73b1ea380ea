/** A real PostgreSQL of a test's own, where this machine has its programs. */
import { existsSync, globSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { freePort, start } from './processes.ts';
import { eventually } from './wait.ts';

/** A server that everybody on this machine may use as `postgres`. */
export interface TestPostgres {
  readonly port: number;
  stop(): Promise<void>;
}

/** Folder with `initdb` and `postgres`: distributions keep them off the PATH. */
const programs = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  ...globSync('/usr/lib/postgresql/*/bin'),
  ...globSync('/usr/pgsql-*/bin'),
].find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));

/** Why there is none; undefined where there is one. */
export const noPostgres = programs === undefined
  ? 'this machine has no PostgreSQL: install one, such as apt-get install postgresql'
  : undefined;

/** It does not run as root: as whoever owns nothing, then. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Starts an empty one, which keeps nothing. */
export async function startPostgres(): Promise<TestPostgres> {
  if (programs === undefined) throw new Error(noPostgres);
  const data = await mkdtemp(join(tmpdir(), 'rw-postgres-'));
  if (nobody.uid !== undefined) await chown(data, nobody.uid, nobody.gid);
  const options = { cwd: dirname(data), env: { PATH: process.env['PATH'], LC_ALL: 'C' }, ...nobody };
  const initdb = start(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'], options);
  if (await initdb.ended !== 0) throw new Error(`initdb: ${initdb.output()}`);
  const port = await freePort();
  const set = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'].flatMap((one) => ['-c', one]);
  const server = start(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...set], options);
  await eventually('PostgreSQL is ready', () => {
    if (server.child.exitCode !== null) throw new Error(`postgres ended: ${server.output()}`);
    return server.output().includes('ready to accept connections') ? true : undefined;
  }, 60_000);
  return {
    port,
    async stop() {
      server.child.kill('SIGINT'); // at once, whoever is connected
      await server.stop(10_000);
      await rm(data, { recursive: true, force: true });
    },
  };
}
