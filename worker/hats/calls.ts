/** What scripts of any kind may ask for. */
import type { Host } from './host.ts';
import type { HttpCall } from './outside.ts';
import type { SqlCall } from './sql/databases.ts';
import type { Operation } from './vm/messages.ts';

/** What only a script that is held may ask for. */
export type OfHolder = 'state' | 'status' | 'disable' | 'stop';

/** Who asks. */
export interface Asker {
  /** Key of the script. */
  readonly key: string;
  /** Ends what is waited for. */
  readonly until: AbortSignal;
  log(level: 'error', text: string): void;
}

/** Carries out what scripts of any kind may ask for. */
export async function carryOut(
  host: Host,
  operation: Exclude<Operation, OfHolder>,
  args: readonly unknown[],
  asker: Asker,
): Promise<unknown> {
  const { until } = asker;
  const { redis, environment, shutdown } = host;
  const [first = '', second = ''] = args as string[];
  switch (operation) {
    case 'redis.Blpop':
      return await redis.blpop(Number(first), second, until);
    case 'http':
      return await host.outside.send(httpCall(args), until);
    case 'sql':
      return await askDatabase(host, args, asker);
    case 'env.Get':
      return environment.get(first);
    case 'env.Set':
      environment.set(first, second);
      return null;
    case 'env.Unset':
      environment.set(first, undefined);
      return null;
    case 'shutdown':
      return shutdown();
    case 'stopping':
      return until.aborted;
  }
}

/** What went wrong is a line of the log: to the script it is nothing, or an error without a cause. */
async function askDatabase(
  { databases }: Host,
  args: readonly unknown[],
  { key, until, log }: Asker,
): Promise<unknown> {
  const [method, dsn, driver, query, parameters] = args as [SqlCall['method'], string, string, string, SqlCall['args']];
  const answer = await databases.send({ script: key, dsn, driver, method, query, args: parameters ?? [] }, until);
  if ('error' in answer) log('error', `sql: ${answer.error}`);
  return answer;
}

function httpCall([method, url, body, isForm]: readonly unknown[]): HttpCall {
  return isForm === true
    ? { method: String(method), url: String(url), body: formOf(body), type: 'application/x-www-form-urlencoded' }
    : { method: String(method), url: String(url), body: body === null ? null : String(body) };
}

function formOf(fields: unknown): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields as object)) {
    for (const one of Array.isArray(value) ? value : [value]) form.append(name, String(one));
  }
  return form.toString();
}
