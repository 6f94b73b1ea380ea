/**
 * Tells the runtime's own fields of a request that goes round again from fields of the same name a caller sent: they
 * carry a mark only the processes of this worker can make, for they alone have its key.
 */
import { env } from '../../contract/pod.ts';
import { decodeKeyLine } from '../../contract/secrets.ts';
import { FatalError } from '../pod/fatal.ts';
import { messageOf } from '../pod/foreign.ts';
import { type Entry, headOf } from './entry.ts';
import { sipHash, type SipKey } from './siphash.ts';

/** What is vouched for: which attempt of which request it is. */
export type Claim = Pick<Entry, 'attempt' | 'xid' | 'fields'>;

const utf8 = new TextEncoder();

/** Makes the marks of one worker, and checks them. */
export class Proof {
  readonly #key: SipKey;

  /**
   * @param keyLine the line `worker-v0 <key>`; without one, as on a machine of one's own, the marks keep mistakes away
   * and nobody who wants in
   * @throws FatalError (badConfig) when the line is none
   */
  constructor(type: string, keyLine: string | undefined) {
    const [own, use] = [keyOf(keyLine), 'fields of the runtime'];
    this.#key = [sipHash(own, utf8.encode(`0 ${use} ${type}`)), sipHash(own, utf8.encode(`1 ${use} ${type}`))];
  }

  /** The mark of a claim. */
  of({ xid, attempt, fields }: Claim): string {
    const { ref } = headOf({ fields });
    return sipHash(this.#key, utf8.encode(JSON.stringify([xid, attempt, ref]))).toString(16).padStart(16, '0');
  }

  /** The entry as what it is known to be: without a mark that fits it is the first attempt of its own. */
  checked(entry: Entry): Entry {
    const { id, fields, attempt, xid } = entry;
    if (attempt === 1 && xid === id) return entry;
    return entry.proof === this.of(entry) ? entry : { id, fields, attempt: 1, xid: id };
  }
}

function keyOf(keyLine: string | undefined): SipKey {
  if (keyLine === undefined) return [0n, 0n];
  try {
    const hex = decodeKeyLine(keyLine);
    return [BigInt(`0x${hex.slice(0, 16)}`), BigInt(`0x${hex.slice(16, 32)}`)];
  } catch (error) {
    throw new FatalError(
      'badConfig',
      `the key on stdin or in the file ${env.keyFile} names is none: ${messageOf(error)}`,
    );
  }
}
