/** Databases that scripts of a HATS cluster ask: a real MariaDB, through a process with the scope of the worker. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHats, type TestHats, writeEndpoint } from '../support/hats.ts';
import { noMariadb, startMariadb, type TestMariadb } from '../support/mariadb.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

if (noMariadb !== undefined) process.stdout.write(`sql of scripts is not tested: ${noMariadb}\n`);

describe.skipIf(noMariadb !== undefined)('scripts', () => {
  let redis: TestRedis;
  let database: TestMariadb;
  let worker: TestHats;

  beforeAll(async () => {
    [redis, database] = await Promise.all([startRedis(), startMariadb()]);
    worker = await startHats({ on: redis, type: 'sql', net: [`127.0.0.1:${database.port}`] });
    await eventually('it answers', () => fetch(`${worker.url}/`).catch(() => undefined), 90_000);
  }, 120_000);
  afterAll(async () => {
    await worker.stop();
    await database.stop();
    await redis.stop();
  });

  /** What a script answers that has `db`. */
  async function asked(script: string, dsn = database.dsn, path = '/sql'): Promise<unknown> {
    const source = `<? var db = sql.New(${JSON.stringify(dsn)}, 'mysql'); response.Write(JSON.stringify((function () {
      ${script} })())) ?>`;
    await writeEndpoint(redis, 'sql', path, source);
    const answer = await fetch(`${worker.url}${path}`);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(text);
    return JSON.parse(text) as unknown;
  }

  test('ask databases, with values as the first workers of this kind give them', async () => {
    const rows = `SELECT 1 AS one, 1.5 AS decimals, CAST(2.5 AS DOUBLE) AS floating, 'text' AS text, NULL AS nothing,
      TIMESTAMP('2030-01-02 03:04:05') AS at, CAST(9007199254740993 AS UNSIGNED) AS large, X'6162' AS bytes`;
    expect(await asked(`return [db.Ping(), db.Query(${JSON.stringify(rows)})]`)).toEqual([null, [{
      one: 1,
      decimals: '1.5',
      floating: 2.5,
      text: 'text',
      nothing: null,
      at: '2030-01-02 03:04:05',
      large: '9007199254740993',
      bytes: 'ab',
    }]]);
  });

  test('change them, with arguments that are never a part of the statement, and are told how many rows it were', async () => {
    const seen = await asked(`
      var made = db.Exec('CREATE TABLE orders (id INT PRIMARY KEY, name TEXT, paid BOOL)');
      var added = db.Exec('INSERT INTO orders VALUES (?, ?, ?), (?, ?, ?)', 1, "a'; DROP TABLE orders; --", true, 2, null, false);
      var same = db.Exec('UPDATE orders SET paid = 1 WHERE id = 1');
      return [made, added, same, db.Query('SELECT * FROM orders WHERE id > ? ORDER BY id', 0), db.Exec('DELETE FROM orders')]`);
    const names = ["a'; DROP TABLE orders; --", null];
    expect(seen).toEqual([0, 2, 0, names.map((name, at) => ({ id: at + 1, name, paid: 1 - at })), 2]);
  });

  test('are given nothing where something is wrong, the cause is in the log, and they go on', async () => {
    const wrong = `[db.Query('SELECT nothing'), db.Exec('no statement') === undefined,
      db.Query("SELECT REPEAT('x', 9000000) AS large"), db.Close(), db.Query('SELECT 1'), String(db.Ping())]`;
    expect(await asked(`return ${wrong}`)).toEqual([null, true, null, null, null, 'Error: the database is closed']);
    expect(await asked(`return db.Query('SELECT 2 AS two')`)).toEqual([{ two: 2 }]);
    expect(worker.output()).toContain("sql: Unknown column 'nothing' in");
    const refused = await asked(
      `return String(db.Ping())`,
      `scripts:wrong@tcp(127.0.0.1:${database.port})/shop`,
      '/wrong',
    );
    expect(refused).toMatch(/^Error: Access denied for user 'scripts'/);
    expect(worker.output()).not.toContain('wrong@');
  });

  test('reach no database that permissions.net does not name, the Redis of the worker among them', async () => {
    expect(await asked(`return String(db.Ping())`, `u:p@tcp(127.0.0.1:${redis.port})/x`, '/redis')).toBe(
      `Error: Requires net access to "127.0.0.1:${redis.port}": add 127.0.0.1:${redis.port} to spec.permissions.net`,
    );
  });

  test('wait each for its own answer: one that takes long holds up nobody', async () => {
    const slow = asked(`return db.Query('SELECT SLEEP(2) AS slept')`, database.dsn, '/slow');
    const quick = await Promise.all(
      [1, 2, 3, 4].map((n) => asked(`return db.Query('SELECT ? AS n', ${n})`, database.dsn, `/quick${n}`)),
    );
    expect(quick).toEqual([1, 2, 3, 4].map((n) => [{ n }]));
    expect(await Promise.race([slow, Promise.resolve('not yet')])).toBe('not yet');
    expect(await slow).toEqual([{ slept: 0 }]);
  });
});
