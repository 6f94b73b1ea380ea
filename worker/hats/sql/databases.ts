/** The databases scripts ask: each script has connections of its own to each, which are kept while it asks. */
import { Buffer } from 'node:buffer';
import { createPool, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2';
import { inTermsOfTheManifest } from '../../pod/denials.ts';
import { messageOf } from '../../pod/foreign.ts';
import { type DatabaseAddress, parseDsn } from './dsn.ts';

/** What a script asks. */
export interface SqlCall {
  /** Whose connections it is asked over. */
  readonly script: string;
  readonly dsn: string;
  readonly driver: string;
  readonly method: 'Ping' | 'Query' | 'Exec';
  readonly query?: string;
  readonly args?: readonly (string | number | boolean | null)[];
}

/** What it is given: rows, a number of rows, or nothing; or why not. */
export type SqlAnswer = { readonly value: unknown } | { readonly error: string };

/** Milliseconds for connecting, and for one statement. */
const timeoutMs = 30_000;
/** Characters of all rows of an answer. */
const mostAnswered = 8 * 1024 * 1024;
/** Connections of one script to one database, and databases that are kept connected. */
const [mostConnections, mostPools] = [4, 200];
/** Milliseconds after which connections nobody asks over are closed. */
const idleMs = 30_000;

/** All of them. */
export class Databases {
  readonly #pools = new Map<string, { readonly pool: Pool; usedAt: number }>();
  #underWay = 0;

  /** Never throws. */
  async answer(call: SqlCall): Promise<SqlAnswer> {
    this.#underWay++;
    try {
      return { value: await this.#answer(call) };
    } catch (error) {
      const cause = error instanceof AggregateError ? error.errors[0] as unknown : error;
      return { error: inTermsOfTheManifest(messageOf(cause)) };
    } finally {
      this.#underWay--;
    }
  }

  async #answer({ script, dsn, driver, method, query = '', args = [] }: SqlCall): Promise<unknown> {
    if (driver !== 'mysql') throw new Error(`the driver "${driver}" is not there: mysql is`);
    const connection = await connected(this.#poolOf(`${script}\n${dsn}`, () => parseDsn(dsn)));
    try {
      const answer = method === 'Ping'
        ? await pinged(connection)
        : await executed(connection, method, query, args.map(parameter));
      connection.release();
      return answer;
    } catch (error) {
      connection.destroy(); // what is left of an answer would be taken for the next one
      throw error;
    }
  }

  #poolOf(key: string, address: () => DatabaseAddress): Pool {
    const now = Date.now();
    for (const [other, { pool, usedAt }] of this.#pools) {
      if (other !== key && (now - usedAt > 2 * idleMs || this.#pools.size >= mostPools) && this.#underWay <= 1) {
        this.#pools.delete(other);
        pool.end(() => {});
      }
    }
    const kept = this.#pools.get(key) ?? { pool: poolTo(address()), usedAt: now };
    kept.usedAt = now;
    this.#pools.set(key, kept);
    return kept.pool;
  }
}

function poolTo({ host, port, user, password, database, tls }: DatabaseAddress): Pool {
  return createPool({
    host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ...(tls === 'none' ? {} : { ssl: { rejectUnauthorized: tls === 'checked' } }),
    connectionLimit: mostConnections,
    maxIdle: 1,
    idleTimeout: idleMs,
    connectTimeout: timeoutMs,
    // Values as those scripts know them: times and large numbers are text, and rows that stay as they were do not count.
    dateStrings: true,
    supportBigNumbers: true,
    jsonStrings: true,
    flags: ['-FOUND_ROWS'],
  });
}

function connected(pool: Pool): Promise<PoolConnection> {
  return new Promise((resolve, reject) =>
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)))
  );
}

function pinged(connection: PoolConnection): Promise<null> {
  return new Promise((resolve, reject) => connection.ping((error) => (error ? reject(error) : resolve(null))));
}

/** Statements are prepared, so that arguments are never a part of their text. */
function executed(
  connection: PoolConnection,
  method: 'Query' | 'Exec',
  sql: string,
  values: (string | number | null)[],
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const rows: Record<string, unknown>[] = [];
    let [length, affected] = [0, 0];
    const command = connection.execute({ sql, values, timeout: timeoutMs });
    command.on('result', (result: ResultSetHeader | Record<string, unknown>) => {
      if (isHeader(result)) affected = result.affectedRows;
      else {
        const row = rowOf(result);
        length += JSON.stringify(row).length;
        if (length > mostAnswered) {
          reject(new Error(`the rows have more than ${mostAnswered} characters: ask for fewer`));
        } else if (method === 'Query') rows.push(row);
      }
    });
    command.on('error', reject);
    command.on('end', () => resolve(method === 'Query' ? rows : affected));
  });
}

function isHeader(result: ResultSetHeader | Record<string, unknown>): result is ResultSetHeader {
  return result.constructor.name === 'ResultSetHeader';
}

function rowOf(result: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(result).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString() : value]),
  );
}

function parameter(value: string | number | boolean | null): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value;
}
