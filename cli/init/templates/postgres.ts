/** A sink with a password. examples/postgres is made by it. */
import type { Template } from './template.ts';

export const postgres: Template = {
  about: 'stores what it is sent in PostgreSQL',
  data: '{"id":"o-1","total":700}',
  imports: { 'pg': 'npm:pg@^8' },
  modules: (name) => ({
    [`${name}.ts`]: `/** Stores orders in PostgreSQL. A request may come twice: the same order is stored once. */
// @ts-types="npm:@types/pg@^8"
import pg from 'pg';
import { DoNotRetry, type Handler, Reply } from 'redisworker';

interface Order {
  readonly id?: string;
  readonly total?: number;
}

let pool: pg.Pool | undefined;

const store: Handler<Order, { url: string }> = async ({ data }, { secrets, log }) => {
  const { id, total } = data ?? {};
  if (!id || typeof total !== 'number') throw new Reply(400, 'data.id and data.total must be those of an order');
  pool ??= open(secrets.url, (why) => log.warn('a connection to PostgreSQL is lost', { why }));
  await pool.query('CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY, total integer NOT NULL)');
  const { rows } = await pool.query<{ id: string; total: number }>(
    \`INSERT INTO orders (id, total) VALUES ($1, $2)
     ON CONFLICT (id) DO UPDATE SET total = excluded.total RETURNING id, total\`,
    [id, total],
  ).catch(isOfValue);
  return rows[0];
};

/** One for the process: a connection for each of the requests that run at once. */
function open(connectionString: string, onLost: (why: string) => void): pg.Pool {
  const opened = new pg.Pool({ connectionString, max: 16, connectionTimeoutMillis: 5000 });
  opened.on('error', (error) => onLost(error.message)); // the next query opens another
  return opened;
}

/** What the database will never take is not tried again; all else is, as the manifest says. */
function isOfValue(error: unknown): never {
  if (error instanceof pg.DatabaseError && error.code?.startsWith('22')) throw new DoNotRetry(error.message);
  throw error;
}

export default store;
`,
  }),
  manifest: (name) =>
    `apiVersion: v1
kind: Secret
metadata:
  name: ${name}-secrets
stringData:
  url: postgres://postgres@127.0.0.1:5432/postgres
---
apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: ${name}
spec:
  source:
    file: ${name}.ts
  secretRef:
    name: ${name}-secrets
  handler:
    maxAttempts: 5
    backoff:
      initialMs: 200
  permissions:
    net: ['127.0.0.1:5432']
`,
  cases: () =>
    `  - name: stores an order
    data: { id: spec-1, total: 700 }
    expect:
      data: { id: spec-1, total: 700 }
  - name: stores it again with what has changed
    data: { id: spec-1, total: 750 }
    expect:
      data: { id: spec-1, total: 750 }
  - name: gives up at once what the database will never take
    data: { id: spec-2, total: 9000000000 }
    expect:
      code: 500
      err: { message: { $matches: out of range } }
      deadLetter: { attempts: 1 }
  - name: asks for a whole order
    data: { id: spec-3 }
    expect:
      code: 400
      err: data.id and data.total must be those of an order
`,
};
