/** UIDs of workers on a laptop: they say which session of `redisworker up` a config hash belongs to. Pure. */

/** The UID of a worker of a session; `digest` tells machines, users and workers apart. */
export function localUid(session: string, digest: string): string {
  return `up-${session}-${digest.slice(0, 16)}`;
}

/** The session that made a UID; undefined for one of an API server. */
export function sessionOfUid(uid: string): string | undefined {
  return /^up-([a-z][-a-z0-9]*)-[0-9a-f]{16}$/.exec(uid)?.[1];
}
