/**
 * What a user of its own costs the server of a worker: `make bench-acl`. The commands of the runtime are sent as the
 * user `default` and as the user the operator would make, in turn, and the rounds are compared pair by pair.
 */
import { writeFileSync } from 'node:fs';
import { rulesOf, without } from '../operator/redis/acl.ts';
import { notEverywhere } from '../operator/redis/user-management.ts';
import { userOf } from '../test/support/worker-user.ts';
import type { AclCost, AclRound } from './acl-results.ts';
import { writePage } from './performance-page.ts';
import { type } from './requests.ts';
import { openStage, type Stage } from './stage.ts';
import { significant, spread } from './statistics.ts';
import { measureBound } from './throughput.ts';

const [rounds, requests] = [15, 60_000];
const stage = await openStage();
try {
  const login = await makeUser(stage);
  await playRound(stage, login); // warms up Deno's cache and the server
  const played: AclRound[] = [];
  while (played.length < rounds) played.push(await playRound(stage, login));
  const ratio = significant(spread(played.map(({ asItself, asDefault }) => asItself / asDefault)).median);
  const cost: AclCost = {
    measured: new Date().toISOString().slice(0, 10),
    server: stage.serverName,
    requests,
    rounds: played,
    ratio,
  };
  writeFileSync(new URL('results/acl.json', import.meta.url), `${JSON.stringify(cost, undefined, 2)}\n`);
  writePage();
  process.stdout.write(`a user of its own / the user default: ${ratio}\n`);
} finally {
  await stage.stop();
}

async function playRound(on: Stage, login: readonly string[]): Promise<AclRound> {
  const asDefault = await serverUs(on, []);
  const asItself = await serverUs(on, login);
  process.stdout.write(`${asDefault} µs as default, ${asItself} µs as itself\n`);
  return { asDefault, asItself };
}

async function serverUs(on: Stage, login: readonly string[]): Promise<number> {
  const { audit, serverUs: us } = await measureBound(on, requests, undefined, login);
  if (audit?.responses !== requests) throw new Error('the server refused some of the commands');
  return us;
}

/** @returns its name and password */
async function makeUser({ client }: Stage): Promise<readonly [string, string]> {
  const replies = await client.command('COMMAND', 'INFO', ...notEverywhere) as unknown[];
  const unknown = new Set(notEverywhere.filter((_, at) => replies[at] === null));
  const user = without(userOf({ type, runtime: 'Handler' }), unknown);
  await client.command('ACL', 'SETUSER', user.name, ...rulesOf(user));
  return [user.name, user.passwords[0] ?? ''];
}
