/** Examines a Redis: asks each of its servers that takes requests, and judges what they say. */
import { formatHostPort } from '../../../contract/host-port.ts';
import type { Clock } from '../../clock.ts';
import { RedisConnections } from '../connections.ts';
import { RedisFault, subjectOf } from '../fault.ts';
import type { RedisTarget } from '../target.ts';
import { askServer } from './ask.ts';
import { factsOf } from './facts.ts';
import { type Finding, problem } from './finding.ts';
import { judge } from './judge.ts';
import { merged, type ServerFindings } from './merge.ts';
import type { Need } from './rights.ts';
import { askSentinels, sentinelsFinding } from './sentinels.ts';

/** How to examine. */
export interface Examination {
  readonly clock: Clock;
  /** Deadline of connecting and of every command. */
  readonly deadlineMs: number;
  /** What the login of the target has to be allowed. */
  readonly needs: readonly Need[];
}

/** Examines the Redis; one that cannot be reached is a finding too. Nothing is written to it. */
export async function examine(target: RedisTarget, examination: Examination): Promise<Finding[]> {
  try {
    const servers = await serversOf(target, examination);
    const found = merged(await Promise.all(servers.map((server) => examineServer(target, server, examination))));
    const { topology } = target;
    if (topology.kind !== 'Sentinel') return found;
    return [...found, sentinelsFinding(await askSentinels(target, topology.masterName, examination.deadlineMs))];
  } catch (error) {
    if (!(error instanceof RedisFault)) throw error;
    return [problem('RedisReachable', predicateOf(error, target))];
  }
}

/** The masters of a Cluster; of anything else there is one server. */
async function serversOf(target: RedisTarget, { clock, deadlineMs }: Examination): Promise<readonly RedisTarget[]> {
  if (target.topology.kind !== 'Cluster') return [target];
  const connections = new RedisConnections({ clock, commandMs: deadlineMs });
  try {
    return (await connections.control(target).servers()).map((link) => link.target);
  } finally {
    connections.close();
  }
}

async function examineServer(
  target: RedisTarget,
  server: RedisTarget,
  { clock, deadlineMs, needs }: Examination,
): Promise<ServerFindings> {
  const answers = await askServer(server, needs, { clock, deadlineMs });
  const isForeign = target.foreign !== undefined;
  const situation = {
    facts: factsOf(answers),
    answers,
    now: clock.now(),
    isForeign,
    topology: target.topology.kind,
  };
  return { server: isForeign ? undefined : formatHostPort(server.hosts[0]), findings: judge(situation, needs) };
}

/** What a fault says behind its subject. */
function predicateOf(fault: RedisFault, target: RedisTarget): string {
  return fault.of(target).message.slice(subjectOf(target).length + 1).replace(/\.$/, '');
}
