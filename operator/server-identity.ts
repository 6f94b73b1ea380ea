/** The certificate of a port: that of files, or one that is made at the start. */
import { hostname } from 'node:os';
import { type Followed, unchanging } from './followed-files.ts';
import type { ServerIdentity } from './observability/metrics-server.ts';
import { selfSigned } from './observability/self-signed.ts';

/** @param nowMs since 1970 */
export function serverIdentity(
  identity: Followed<ServerIdentity> | 'SelfSigned',
  nowMs: number,
): Followed<ServerIdentity> {
  return identity === 'SelfSigned' ? unchanging(selfSigned(['localhost', hostname()], nowMs)) : identity;
}
