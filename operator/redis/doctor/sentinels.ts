/** Asks the Sentinels of a set whether they could name another master. */
import { openServer } from '../server.ts';
import { RedisFault, toFault } from '../fault.ts';
import { number, records } from '../replies.ts';
import { type RedisTarget, sentinelTarget } from '../target.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** What one of the Sentinels said; undefined when it does not answer. */
export interface SeenSentinel {
  /** Sentinels of the set, this one included. */
  readonly known: number;
  /** Enough of them are there to name another master. */
  readonly haveQuorum: boolean;
}

const enough = 3;

/** Asks each Sentinel the address names. @param masterName the set */
export function askSentinels(
  target: RedisTarget,
  masterName: string,
  deadlineMs: number,
): Promise<readonly (SeenSentinel | undefined)[]> {
  return Promise.all(target.hosts.map(async (host) => {
    const sentinel = sentinelTarget(target, host);
    try {
      const client = await openServer(sentinel, { connectMs: deadlineMs, commandMs: deadlineMs });
      const [master, quorum] = await Promise.all([
        client.call('SENTINEL', 'MASTER', masterName),
        client.call('SENTINEL', 'CKQUORUM', masterName).then(
          () => true,
          (error: unknown) => !isNoQuorum(error, sentinel),
        ),
      ]).finally(() => client.disconnect());
      return { known: (number(records(master)['num-other-sentinels']) ?? 0) + 1, haveQuorum: quorum };
    } catch {
      return undefined;
    }
  }));
}

function isNoQuorum(error: unknown, sentinel: RedisTarget): boolean {
  const fault = toFault(error, sentinel);
  return fault instanceof RedisFault && fault.says('NOQUORUM');
}

/** What it means. Pure. */
export function sentinelsFinding(seen: readonly (SeenSentinel | undefined)[]): Finding {
  const answered = seen.filter((one) => one !== undefined);
  const silent = seen.length - answered.length;
  const known = Math.max(0, ...answered.map((one) => one.known));
  if (answered.some(({ haveQuorum }) => !haveQuorum)) {
    return problem(
      'RedisSentinels',
      'has too few Sentinels left to name another master when this one is lost: start those that are gone',
    );
  }
  if (silent > 0) {
    return warning(
      'RedisSentinels',
      `has ${silent} of the ${seen.length} Sentinels its address names that do not answer: start them, or take them out of the address`,
    );
  }
  return known < enough
    ? warning(
      'RedisSentinels',
      `is watched by fewer than three Sentinels (${known}), which cannot do without one of them: start more`,
    )
    : ok('RedisSentinels', `is watched by ${known} Sentinels, which can name another master`);
}
