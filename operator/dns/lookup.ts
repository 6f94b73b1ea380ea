/** Asks DNS for the addresses of a name, with the seconds each may be kept. */
import { lookup as machineLookup, Resolver } from 'node:dns/promises';

/** What DNS said about the addresses of one family. */
export type FamilyAnswer =
  | {
    readonly kind: 'addresses';
    readonly addresses: readonly { readonly address: string; readonly ttlSeconds: number }[];
  }
  /** The name does not exist, or has no address of this family: an answer, not a failure. */
  | { readonly kind: 'none'; readonly why: 'NXDOMAIN' | 'NODATA' }
  /** Nobody answered, or nobody who knows: SERVFAIL, REFUSED, TIMEOUT and the like. */
  | { readonly kind: 'failed'; readonly why: string };

/** Both families. */
export interface NameAnswer {
  readonly ipv4: FamilyAnswer;
  readonly ipv6: FamilyAnswer;
}

/** Looks a whole name up; never rejects. */
export type LookUp = (host: string) => Promise<NameAnswer>;

/** Milliseconds for the first try; the second gets more. */
const timeoutMs = 2000;
const tries = 2;
/** Names that are asked for at the same moment. */
const maxAtOnce = 32;

/**
 * Raw A and AAAA queries, UDP first and TCP for long answers; neither /etc/hosts nor search domains.
 * @param server `address:port` of the DNS server to ask; the ones of resolv.conf when absent, in a pod those of the cluster
 */
export function dnsLookUp(server?: string): LookUp {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  if (server !== undefined) resolver.setServers([server]);
  return atMost(maxAtOnce, async (host) => {
    const [ipv4, ipv6] = await Promise.all([
      familyAnswer(() => resolver.resolve4(host, { ttl: true })),
      familyAnswer(() => resolver.resolve6(host, { ttl: true })),
    ]);
    return { ipv4, ipv6 };
  });
}

/** Seconds a name of this machine is kept: its resolver tells no time. */
const machineTtlSeconds = 30;

/** The way every program on this machine looks names up: right where pods are its processes. */
export function machineLookUp(): LookUp {
  return atMost(maxAtOnce, async (host) => {
    const of = (family: 4 | 6) =>
      familyAnswer(async () => {
        const found = await machineLookup(host, { all: true, family });
        return found.map(({ address }) => ({ address, ttl: machineTtlSeconds }));
      });
    const [ipv4, ipv6] = await Promise.all([of(4), of(6)]);
    return { ipv4, ipv6 };
  });
}

async function familyAnswer(ask: () => Promise<{ address: string; ttl: number }[]>): Promise<FamilyAnswer> {
  try {
    const records = await ask();
    if (records.length === 0) return { kind: 'none', why: 'NODATA' };
    return { kind: 'addresses', addresses: records.map(({ address, ttl }) => ({ address, ttlSeconds: ttl })) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
    if (code === 'ENOTFOUND') return { kind: 'none', why: 'NXDOMAIN' };
    if (code === 'ENODATA') return { kind: 'none', why: 'NODATA' };
    return { kind: 'failed', why: code.replace(/^E(AI_)?/, '') };
  }
}

/** Lets so many calls run at once; the rest wait their turn. */
function atMost(limit: number, call: LookUp): LookUp {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (host) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await call(host);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
