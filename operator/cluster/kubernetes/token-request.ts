/** Asks the API server for a token of a ServiceAccount, as `kubectl create token` does. */
import { z } from 'zod';
import type { ObjectRef } from '../cluster.ts';
import type { Http } from './http.ts';

const tokenRequest = z.object({ status: z.object({ token: z.string(), expirationTimestamp: z.iso.datetime() }) });

/** A token, and until when it holds, in ms since 1970. */
export interface ShortToken {
  readonly token: string;
  readonly until: number;
}

/** @throws ClusterError when there is no such ServiceAccount, or its tokens may not be created */
export async function requestToken(http: Http, { namespace, name }: ObjectRef, seconds: number): Promise<ShortToken> {
  const account = `namespaces/${encodeURIComponent(namespace ?? 'default')}/serviceaccounts/${
    encodeURIComponent(name)
  }`;
  const answer = await http.call({
    method: 'POST',
    path: `/api/v1/${account}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: seconds } },
    lane: 'Reviews',
  });
  const { status: { token, expirationTimestamp } } = tokenRequest.parse(answer);
  return { token, until: Date.parse(expirationTimestamp) };
}
