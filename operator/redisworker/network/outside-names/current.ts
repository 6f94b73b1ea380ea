/** What a worker's policy should open for a name at this moment, if it may change. Pure. */
import type { HeldName } from './held-name.ts';

/** Addresses that an earlier operator opened: they may still be in their grace. */
export interface Remembered {
  readonly addresses: readonly string[];
  /** The end of their grace, counted from when this operator first read them; without an answer of DNS they stay on. */
  readonly keepUntil: number;
}

/** Addresses opened of one name, and of all names of a worker together. */
const perName = 100;
const perWorker = 2000;

/** Addresses a worker with so many names may have of each. */
export function maxPerName(names: number): number {
  return Math.min(perName, Math.floor(perWorker / Math.max(names, 1)));
}

/** The addresses seen last, sorted. */
export function currentAddresses(
  { addresses, said }: HeldName,
  remembered: Remembered | undefined,
  cap: number,
  now: number,
): string[] {
  const known = addresses.map(({ address }) => address);
  const inGrace = remembered !== undefined && said !== 'none' && (said === undefined || now < remembered.keepUntil);
  return [...new Set([...known, ...(inGrace ? remembered.addresses : [])])].slice(0, cap).sort();
}

/** What is to be said about a name's addresses, as half sentences. */
export function notesOf({ addresses, said, failure }: HeldName, cap: number): string[] {
  const many = addresses.length > cap ? [`it has more than ${cap} addresses: the ones seen last are opened`] : [];
  if (failure) {
    return [
      ...many,
      `DNS has failed since ${
        new Date(failure.since).toISOString().slice(0, 19)
      }Z (${failure.why}): what was known stays as it is`,
    ];
  }
  if (said === 'none') return ['it does not exist or has no addresses'];
  return said === undefined ? ['DNS has not answered yet'] : many;
}
