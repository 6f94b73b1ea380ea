/** The mirror against the real Deno, over random clusters and lists. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { denoGrants } from '../support/deno-net.ts';
import { dialsOf, type NetCase, netCase } from '../support/net-cases.ts';
import { faultsOf, hostPort, type Tried } from '../support/net-checks.ts';
import { type CaseMirror, mirrorOf, textOf } from '../support/net-mirror.ts';
import { numRuns, seed } from '../support/net-runs.ts';
import { waysOf } from '../support/net-world.ts';

let asked = 0;

/** Asks Deno about every dial, and about every address one leads to: those are checked against denials alone. */
async function tryAll(given: NetCase, { allowFlag, denyFlag }: CaseMirror): Promise<Tried[]> {
  const dials = dialsOf(given).map((dial) => ({ dial, ways: waysOf(given.world, dial.host, dial.port) }));
  const addresses = [
    ...new Set(
      dials.flatMap(({ dial, ways }) => ways.map(({ address }) => hostPort({ ip: address, port: dial.port }))),
    ),
  ];
  const [written, undenied] = await Promise.all([
    denoGrants(
      [`--allow-net=${allowFlag}`, `--deny-net=${denyFlag}`],
      dials.map(({ dial: { host, port } }) => `${host}:${port}`),
    ),
    denoGrants(['--allow-net', `--deny-net=${denyFlag}`], addresses),
  ]);
  asked += dials.length;
  const free = new Set(addresses.filter((_, index) => undenied[index]));
  return dials.flatMap(({ dial, ways }, index) =>
    ways.map((way) => ({
      dial,
      ...way,
      granted: written[index]! && free.has(hostPort({ ip: way.address, port: dial.port })),
    }))
  );
}

test('what Deno grants is what we read, the policy opens all of it, and nothing more but for approximations it tells', async () => {
  process.stderr.write(`random lists from REDISWORKER_PROOF_SEED=${seed}\n`);
  await fc.assert(
    fc.asyncProperty(netCase, async (given) => {
      const mirror = mirrorOf(given);
      const faults = faultsOf(given, mirror, await tryAll(given, mirror));
      if (faults.length > 0) throw new Error(`${textOf(given)}: ${faults.slice(0, 3).join('; ')}`);
    }),
    { seed, numRuns },
  );
  process.stderr.write(`${numRuns} lists, ${asked} dials asked of Deno\n`);
  expect(asked).toBeGreaterThanOrEqual(10_000);
});
