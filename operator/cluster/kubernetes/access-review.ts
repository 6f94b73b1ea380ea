/** Asks the API server who a token belongs to, and whether they may get a path that is no resource. */
import { z } from 'zod';
import type { Http } from './http.ts';

/** What it says. */
export type Review =
  | { readonly kind: 'Allowed' }
  | { readonly kind: 'Unauthenticated' }
  | { readonly kind: 'Forbidden'; readonly user: string };

const tokenReview = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    user: z.object({
      username: z.string().optional(), // absent of who is unknown
      uid: z.string().optional(),
      groups: z.array(z.string()).optional(),
      extra: z.record(z.string(), z.array(z.string())).optional(),
    }).optional(),
  }),
});

const subjectAccessReview = z.object({ status: z.object({ allowed: z.boolean().default(false) }) });

/** Longest time a caller is kept waiting. */
const deadlineMs = 5000;

/** @throws ClusterError when the API server cannot be asked, or this process may not ask it */
export async function reviewAccess(http: Http, token: string, path: string): Promise<Review> {
  const authentication = await ask(http, 'authentication.k8s.io', 'TokenReview', { token });
  const { status: { authenticated, user: { username, ...rest } = {} } } = tokenReview.parse(authentication);
  if (!authenticated || username === undefined) return { kind: 'Unauthenticated' };
  const authorization = await ask(http, 'authorization.k8s.io', 'SubjectAccessReview', {
    user: username,
    ...rest,
    nonResourceAttributes: { path, verb: 'get' },
  });
  const { status: { allowed } } = subjectAccessReview.parse(authorization);
  return allowed ? { kind: 'Allowed' } : { kind: 'Forbidden', user: username };
}

function ask(http: Http, group: string, kind: string, spec: object): Promise<unknown> {
  const path = `/apis/${group}/v1/${kind.toLowerCase()}s`;
  return http.call({
    method: 'POST',
    path,
    body: { apiVersion: `${group}/v1`, kind, spec },
    lane: 'Reviews',
    deadlineMs,
  });
}
