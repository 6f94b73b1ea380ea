/** The mirror against the real Deno, over random clusters and lists. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { denoAllows } from '../../operator/redisworker/allow-net/deno-allows.ts';
import { policyAllows, type Target } from '../../operator/redisworker/allow-net/policy-allows.ts';
import { denoGrants } from '../support/deno-net.ts';
import { type Dial, dialsOf, type NetCase, netCase } from '../support/net-cases.ts';
import { type CaseMirror, mirrorOf, packetsOf, textOf } from '../support/net-mirror.ts';
import { numRuns, seed } from '../support/net-runs.ts';
import { type Way, waysOf } from '../support/net-world.ts';

/** A dial and one way it can go, with Deno's own answer: by what is written, and by the address it leads to. */
interface Tried extends Way {
  readonly dial: Dial;
  readonly granted: boolean;
}

let tried = 0;

/** Asks Deno about every dial, and about every address one leads to: those are checked against denials alone. */
async function tryAll(given: NetCase, { allowFlag, denyFlag }: CaseMirror): Promise<Tried[]> {
  const dials = dialsOf(given).map((dial) => ({ dial, ways: waysOf(given.world, dial.host, dial.port) }));
  const addresses = [...new Set(dials.flatMap(({ dial, ways }) => ways.map(({ address }) => keyOf({ ip: address, port: dial.port }))))];
  const [written, undenied] = await Promise.all([
    denoGrants([`--allow-net=${allowFlag}`, `--deny-net=${denyFlag}`], dials.map(({ dial: { host, port } }) => `${host}:${port}`)),
    denoGrants(['--allow-net', `--deny-net=${denyFlag}`], addresses),
  ]);
  tried += dials.length;
  const free = new Set(addresses.filter((_, index) => undenied[index]));
  return dials.flatMap(({ dial, ways }, index) =>
    ways.map((way) => ({ dial, ...way, granted: written[index]! && free.has(keyOf({ ip: way.address, port: dial.port })) })));
}

/** Where our reading of the lists differs from Deno's. */
function misread({ allowed, denied }: CaseMirror, all: readonly Tried[]): string[] {
  return all.filter(({ dial: { host, port }, address, granted }) => denoAllows(allowed, denied, host, port, [address]) !== granted)
    .map(({ dial, address, granted }) => `Deno ${granted ? 'grants' : 'refuses'} ${dial.host}:${dial.port} at ${address}, and we read otherwise`);
}

/** What Deno grants and the policy closes, though no approximation says so. */
function closed({ policy, exactly, denied }: CaseMirror, all: readonly Tried[]): string[] {
  return all.filter(({ dial: { host, port }, address, granted }) => granted && denoAllows(exactly, denied, host, port, [address]))
    .flatMap(({ dial, packets }) => packets.filter((packet) => !policyAllows(policy.spec, packet))
      .map((packet) => `Deno grants ${dial.host}:${dial.port}, and the policy closes ${keyOf(packet)}, where it leads`));
}

/** What the policy opens and no dial that Deno grants leads to, though no approximation says so. */
function open(given: NetCase, { exactRules }: CaseMirror, all: readonly Tried[]): string[] {
  const reached = new Set(all.filter(({ granted }) => granted).flatMap(({ packets }) => packets.map(keyOf)));
  return packetsOf(given).filter((packet) => !reached.has(keyOf(packet)) && policyAllows({ egress: exactRules }, packet))
    .map((packet) => `the policy opens ${keyOf(packet)}, and Deno grants nothing that leads there`);
}

function keyOf({ ip, port }: Pick<Target, 'ip' | 'port'>): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

test('what Deno grants is what we read, the policy opens all of it, and nothing more but for approximations it tells', async () => {
  process.stderr.write(`Random cases from REDISWORKER_PROOF_SEED=${seed}\n`);
  await fc.assert(fc.asyncProperty(netCase, async (given) => {
    const mirror = mirrorOf(given);
    const all = await tryAll(given, mirror);
    const wrong = [...misread(mirror, all), ...closed(mirror, all), ...open(given, mirror, all)];
    if (wrong.length > 0) throw new Error(`${textOf(given)}: ${wrong.slice(0, 3).join('; ')}`);
  }), { seed, numRuns });
  process.stderr.write(`${numRuns} lists, ${tried} dials asked of Deno\n`);
  expect(tried).toBeGreaterThanOrEqual(10_000);
});
