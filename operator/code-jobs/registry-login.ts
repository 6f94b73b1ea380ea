/** Who to be at a registry: a login as `docker login` keeps it, and what a registry wants to see of it. */
import { z } from 'zod';
import type { Answer, Ask } from './registry-http.ts';

/** A name and its password, or a token as one. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Value of the header Authorization. */
export type Permission = string;

const entry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
});
const dockerConfig = z.object({ auths: z.record(z.string(), entry) });

/** The login for a host in a file of Docker's, as Secrets of type kubernetes.io/dockerconfigjson have it. */
export function loginFor(host: string, text: string): Login | undefined {
  const { auths } = dockerConfig.parse(JSON.parse(text));
  const names = [host, `https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`];
  const found = names.map((name) => auths[name]).find((one) => one !== undefined);
  if (found?.username !== undefined && found.password !== undefined) {
    return { username: found.username, password: found.password };
  }
  const pair = Buffer.from(found?.auth ?? '', 'base64').toString();
  const colon = pair.indexOf(':');
  return colon < 1 ? undefined : { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

/** What a permission is asked for with. */
export interface Asking {
  readonly ask: Ask;
  readonly login: Login | undefined;
  readonly repository: string;
  /** Of the registry. */
  readonly origin: string;
}

/** What to show after an answer of 401; undefined when nothing is wanted that we have. */
export async function authorized(answer: Answer, asking: Asking): Promise<Permission | undefined> {
  const wanted = answer.headers['www-authenticate'] ?? '';
  const basic = asking.login &&
    `Basic ${Buffer.from(`${asking.login.username}:${asking.login.password}`).toString('base64')}`;
  if (/^basic\b/i.test(wanted)) return basic;
  if (!/^bearer\b/i.test(wanted)) return undefined;
  const parameters = new Map(
    [...wanted.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  const realm = URL.parse(parameters.get('realm') ?? '');
  // A password goes nowhere in the open but to a registry that is asked so itself.
  if (realm === null || (realm.protocol !== 'https:' && realm.origin !== asking.origin)) return undefined;
  const service = parameters.get('service');
  if (service !== undefined) realm.searchParams.set('service', service);
  realm.searchParams.set('scope', `repository:${asking.repository}:pull,push`);
  const { status, text } = await asking.ask('GET', realm, {
    headers: basic === undefined ? {} : { authorization: basic },
  });
  const token = status === 200 ? tokenIn(text) : undefined;
  return token === undefined ? undefined : `Bearer ${token}`;
}

function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(text) as Record<string, unknown>;
    return [token, other].find((one): one is string => typeof one === 'string' && one !== '');
  } catch {
    return undefined;
  }
}
