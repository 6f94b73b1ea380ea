/** What the way to a server, its login and its clock mean for workers. Pure. */
import type { Answers } from './ask.ts';
import { isLoopback, type ServerFacts } from './facts.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { trackingChannel } from '../tracking.ts';
import { type Actor, type Need, ruleName } from './rights.ts';

const dayMs = 86_400_000;
/** Days before its end at which a certificate is worth a warning. */
const certificateDays = 14;
const farClockMs = 60_000;
const skewedClockMs = 1000;
const slowMs = 20;
const listedNeeds = 8;

/** What a finding may say, and of what. */
export interface Situation {
  readonly facts: ServerFacts;
  readonly answers: Answers;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Nothing of what the server says may be repeated. */
  readonly isForeign: boolean;
  /** TLS is spoken, by the address. */
  readonly topology: 'Standalone' | 'Sentinel' | 'Cluster';
}

/** How its servers hang together, against how it is named. */
export function topologyFinding({ facts, topology, isForeign }: Situation): Finding | undefined {
  const { mode, role, primary, watched, clusterIsUp } = facts;
  if (mode === 'sentinel') {
    const sets = isForeign || watched.length === 0 ? '' : ` (it watches ${watched.join(', ')})`;
    return problem(
      'RedisTopology',
      `is a Sentinel, which keeps no data: name the set it watches${sets}, as in redis+sentinel://host:26379/${
        isForeign ? 'mymaster' : watched[0] ?? 'mymaster'
      }`,
    );
  }
  if (mode === 'cluster') {
    if (clusterIsUp === false) {
      return problem(
        'RedisTopology',
        'is part of a Cluster that serves no requests: see CLUSTER INFO, and its slots and masters',
      );
    }
    return topology === 'Cluster'
      ? ok('RedisTopology', 'is a Cluster: the keys of a worker lie together under the tag {type}')
      : problem('RedisTopology', 'is part of a Cluster: name it as one, as in redis+cluster://host:6379');
  }
  if (topology === 'Cluster' && mode !== undefined) {
    return problem('RedisTopology', 'is no Cluster: name it by redis://host:6379');
  }
  if (role === 'replica') {
    const where = isForeign || primary === undefined ? 'its primary' : `its primary, ${primary}`;
    return problem('RedisTopology', `is a replica, which takes no writes: name ${where}, or its Sentinels`);
  }
  if (role === undefined) return undefined;
  return ok(
    'RedisTopology',
    topology === 'Sentinel' ? 'is the primary its Sentinels name' : 'stands alone, as far as workers are concerned',
  );
}

/** Whether somebody on the way can read along, and until when not. */
export function tlsFinding({ answers, facts, now, isForeign }: Situation): Finding {
  const { tls, address } = answers;
  if (tls === undefined) {
    if (isLoopback(address)) {
      return ok('RedisTLS', 'speaks no TLS, which nobody can listen to on the loopback of this machine');
    }
    const port = facts.tlsPort ?? 0;
    return warning(
      'RedisTLS',
      `is spoken to without TLS, so whoever is on the way reads its password and every request: name it by rediss://${
        port > 0 ? `, on port ${port}` : ''
      }`,
    );
  }
  const day = new Date(tls.validTo).toISOString().slice(0, 10);
  const days = Math.floor((tls.validTo - now) / dayMs);
  const certificate = isForeign ? 'a certificate' : `a certificate for "${tls.name}"`;
  return days < certificateDays
    ? warning(
      'RedisTLS',
      `shows ${certificate} that ends in ${days} days, on ${day}: replace it, or nothing connects any more`,
    )
    : ok('RedisTLS', `speaks ${tls.protocol} and shows ${certificate} that is valid until ${day}`);
}

/** Whether reaching the server is all it takes. */
export function defaultUserFinding({ answers, facts }: Situation): Finding | undefined {
  const { defaultIsOpen, address } = answers;
  if (defaultIsOpen === undefined) return undefined;
  if (!defaultIsOpen) return ok('RedisDefaultUser', 'lets nobody in without a password');
  const fix = 'give the user "default" a password (requirepass), or turn it off';
  const isShut = facts.loopbackOnly === true || facts.protectedMode === true ||
    (facts.loopbackOnly === undefined && isLoopback(address));
  return isShut
    ? warning('RedisDefaultUser', `lets in everybody on its own machine without a password, with all rights: ${fix}`)
    : problem('RedisDefaultUser', `lets in everybody who reaches it without a password, with all rights: ${fix}`);
}

/** Without them the operator does its work all the same, in another way. */
const optional: ReadonlySet<Actor> = new Set<Actor>(['users', 'news']);

const actors: Readonly<Record<Exclude<Actor, 'users' | 'news'>, string>> = {
  operator: 'the operator',
  worker: 'a worker',
};

/** What of the needs is missing. @param needs all that were tried */
export function rightsFindings({ answers: { denied, user } }: Situation, needs: readonly Need[]): Finding[] {
  if (denied === undefined) return [];
  const wanted = needs.filter(({ actor }) => !optional.has(actor));
  const missing = denied.filter(({ actor }) => !optional.has(actor));
  const rights = wanted.length === 0
    ? []
    : missing.length > 0
    ? [problem('RedisRights', missingRights(missing, user))]
    : [ok('RedisRights', `grants the user "${user}" all that ${whoOf(wanted)} needs`)];
  const tried = (one: Actor) => needs.some(({ actor }) => actor === one);
  return [
    ...rights,
    ...(tried('users') ? [usersFinding(rulesOf('users', denied), user)] : []),
    ...(tried('news') ? [trackingFinding(rulesOf('news', denied), user)] : []),
  ];
}

function rulesOf(one: Actor, denied: readonly Need[]): string[] {
  return denied.filter(({ actor }) => actor === one).map(({ command }) => `+${ruleName(command)}`);
}

function usersFinding(missing: readonly string[], user: string): Finding {
  return missing.length === 0
    ? ok('RedisUsers', `lets the user "${user}" make a user of its own for each worker`)
    : warning(
      'RedisUsers',
      `does not let the user "${user}" make a user of its own for each worker: grant it ${missing.join(' ')}`,
    );
}

function trackingFinding(missing: readonly string[], user: string): Finding {
  return missing.length === 0
    ? ok('RedisTracking', `tells the user "${user}" when a key changes, so that idle workers cost nothing`)
    : warning(
      'RedisTracking',
      `does not tell the user "${user}" when a key changes, so that the operator looks at every worker each 15 seconds: grant it ${
        missing.join(' ')
      } &${trackingChannel}`,
    );
}

function missingRights(missing: readonly Need[], user: string): string {
  const texts = [
    ...new Set(
      missing.map(({ command, key }) => `${nameOf(ruleName(command))}${key === undefined ? '' : ` on ${key}`}`),
    ),
  ];
  const rules = [
    ...new Set(missing.map(({ command }) => `+${ruleName(command)}`)),
    ...new Set(missing.flatMap(({ key }) => (key === undefined ? [] : [`~${key}`]))),
  ];
  const more = texts.length > listedNeeds ? ` and ${texts.length - listedNeeds} more` : '';
  return `denies the user "${user}" what ${whoOf(missing)} needs, ${
    texts.slice(0, listedNeeds).join(', ')
  }${more}: grant it by ACL SETUSER, as in ${rules.slice(0, 2 * listedNeeds).join(' ')}`;
}

function nameOf(rule: string): string {
  return rule.toUpperCase().replace('|', ' ');
}

function whoOf(needs: readonly Need[]): string {
  return (['operator', 'worker'] as const).filter((actor) => needs.some((need) => need.actor === actor)).map((actor) =>
    actors[actor]
  ).join(' or ');
}

/** Whose clock is wrong cannot be told. */
export function clockFinding({ answers: { clockAheadMs, roundTripMs } }: Situation): Finding | undefined {
  if (clockAheadMs === undefined) return undefined;
  const apart = Math.abs(clockAheadMs);
  if (apart < skewedClockMs + roundTripMs) {
    return ok('RedisClock', "has the time of this machine's clock, within a second");
  }
  const sentence = `has a clock that is ${(apart / 1000).toFixed(1)} s ${
    clockAheadMs > 0 ? 'ahead of' : 'behind'
  } this machine's, so retries come at the wrong time and ages are wrong: set both by NTP`;
  return apart >= farClockMs ? problem('RedisClock', sentence) : warning('RedisClock', sentence);
}

/** What each round trip costs. */
export function latencyFinding({ answers: { roundTripMs } }: Situation): Finding {
  const ms = `${roundTripMs < 10 ? roundTripMs.toFixed(1) : roundTripMs.toFixed(0)} ms`;
  return roundTripMs < slowMs ? ok('RedisLatency', `answers within ${ms}`) : warning(
    'RedisLatency',
    `answers within ${ms}, which every request takes several times: bring workers and Redis nearer to each other`,
  );
}

/** What could not be looked at, and by which right it could. */
export function visibilityFinding({ answers: { info, config, denied, user } }: Situation): Finding | undefined {
  const missing = [
    ...(info === undefined ? ['+info'] : []),
    ...(config === undefined ? ['+config|get'] : []),
    ...(denied === undefined ? ['+acl|dryrun'] : []),
  ];
  return missing.length === 0 ? undefined : warning(
    'RedisVisibility',
    `does not show the user "${user}" all that could be looked at here, and workers do not need it: grant it ${
      missing.join(' ')
    } to see the rest`,
  );
}
