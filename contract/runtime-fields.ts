/**
 * Fields our runtime adds to a request it sends round again or sets aside. They carry a prefix, because
 * every other field of an entry is the user's and travels byte for byte; sending a dead letter again
 * means adding its fields without these to the request stream.
 */
export const runtimeFieldPrefix = 'rw:';

/** Names of those fields. */
export const runtimeFields = {
  /** On a request: which attempt this is, counted from 1; absent on the first. */
  attempt: 'rw:attempt',
  /** On a request sent round again, and on a dead letter: entry id the request had at first. */
  xid: 'rw:xid',
  /** On a request sent round again: a mark that only this worker's processes can make, for a caller may send such fields too. */
  proof: 'rw:proof',
  /** On a dead letter: why nobody finished it, one sentence. */
  reason: 'rw:reason',
  /** On a dead letter: attempts made. */
  attempts: 'rw:attempts',
  /** On a dead letter: digest of the code that gave up. */
  source: 'rw:source',
} as const;
