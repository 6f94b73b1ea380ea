/** What scripts of any kind may ask for. */
import type { Host } from './host.ts';
import type { HttpCall } from './outside.ts';
import type { Operation } from './vm/messages.ts';

/** What only a script that is held may ask for. */
export type OfHolder = 'state' | 'status' | 'disable' | 'stop';

/** Carries out what does not depend on who asks. @param until ends what is waited for */
export async function carryOut(
  host: Host,
  operation: Exclude<Operation, OfHolder>,
  args: readonly unknown[],
  until: AbortSignal,
): Promise<unknown> {
  const { redis, environment, shutdown } = host;
  const [first = '', second = ''] = args as string[];
  switch (operation) {
    case 'redis.Do':
      return await redis.run(args as string[], until);
    case 'redis.Blpop':
      return await redis.blpop(Number(first), second, until);
    case 'http':
      return await host.outside.send(httpCall(args), until);
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
