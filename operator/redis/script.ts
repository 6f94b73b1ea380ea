/** Lua scripts: a decision and its writes as one atomic step on the server. */
import { createHash } from 'node:crypto';

/** A script and the digest the server caches it under. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** Prepares a script; every key it touches must be passed as a key. */
export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}
