/** Values of the flags that say who has which login on the default Redis. */
import { InvalidArgumentError } from 'commander';
import type { SharingNamespaces } from './redisworker/model/blueprint.ts';

const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Reads `--default-redis-namespaces`: names between commas, or `*` for all. @throws InvalidArgumentError */
export function sharingNamespaces(text: string): SharingNamespaces {
  if (text === '*') return 'All';
  const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '');
  if (names.length > 0 && names.every((name) => namespaceName.test(name))) return names;
  throw new InvalidArgumentError('must be names of namespaces, such as team-a,team-b, or * for all');
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads `--redis-password-max-age`, as in 12h or 30d. @returns milliseconds @throws InvalidArgumentError */
export function passwordAge(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  if (count === undefined) {
    throw new InvalidArgumentError('must be a time in minutes, hours or days, such as 12h or 30d');
  }
  return Number(count) * unitMs[unit as keyof typeof unitMs];
}
