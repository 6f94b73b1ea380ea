/** Whom this process runs as. A user that a cluster gives to a pod has a number and no name. */
import { userInfo } from 'node:os';
import { getuid } from 'node:process';

/** -1 on a system without such numbers, as the owners of its files have. */
export function userId(): number {
  return getuid?.() ?? -1;
}

/** The name, or the number of a user that has none. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(userId());
  }
}
