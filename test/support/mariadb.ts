/** A real MariaDB of a test's own, where this machine has its programs. */
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, start } from './processes.ts';
import { eventually } from './wait.ts';

/** A server with a database `shop`, which the user `scripts` has. */
export interface TestMariadb {
  readonly port: number;
  /** How scripts name it. */
  readonly dsn: string;
  stop(): Promise<void>;
}

const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
const programOf = (name: string) => folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
const [server, installer, defaults] = ['mariadbd', 'mariadb-install-db', 'my_print_defaults'].map(programOf);

/** Why there is none; undefined where there is one. */
export const noMariadb = [server, installer, defaults].includes(undefined)
  ? 'this machine has no MariaDB: install one, such as apt-get install mariadb-server-core mariadb-client-core'
  : undefined;

const login = [
  'CREATE DATABASE shop',
  "CREATE USER scripts@'127.0.0.1' IDENTIFIED BY 'pass'",
  "GRANT ALL ON shop.* TO scripts@'127.0.0.1'",
];

/** It does not run as root: as whoever owns nothing, then. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Starts an empty one, which keeps nothing. */
export async function startMariadb(): Promise<TestMariadb> {
  if (server === undefined || installer === undefined) throw new Error(noMariadb);
  const folder = await mkdtemp(join(tmpdir(), 'rw-mariadb-'));
  if (nobody.uid !== undefined) await chown(folder, nobody.uid, nobody.gid);
  const options = { cwd: folder, env: { PATH: folders.join(delimiter), HOME: folder, LC_ALL: 'C' }, ...nobody };
  const data = [`--datadir=${join(folder, 'data')}`, `--tmpdir=${folder}`];
  const installing = start(
    installer,
    ['--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db', ...data],
    options,
  );
  if (await installing.ended !== 0) throw new Error(`mariadb-install-db: ${installing.output()}`);
  const port = await freePort();
  const begin = join(folder, 'begin.sql');
  await writeFile(begin, `${login.join(';\n')};\n`, { mode: 0o644 });
  const running = start(server, [
    ...['--no-defaults', ...data, '--bind-address=127.0.0.1', `--port=${port}`],
    ...[`--socket=${join(folder, 'socket')}`, '--skip-log-bin', '--innodb-flush-log-at-trx-commit=0'],
    `--init-file=${begin}`,
  ], options);
  await eventually('MariaDB is ready', () => {
    if (running.child.exitCode !== null) throw new Error(`mariadbd ended: ${running.output()}`);
    return running.output().includes('ready for connections') ? true : undefined;
  }, 60_000);
  return {
    port,
    dsn: `scripts:pass@tcp(127.0.0.1:${port})/shop`,
    async stop() {
      await running.stop(10_000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
