/** One holder of a name at a time, by a proof of life in Redis: a key that is there for as long as it is renewed. */
import type { Clock } from '../clock.ts';
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { script } from './script.ts';

/** What is claimed, and by whom. */
export interface ClaimOptions {
  readonly key: string;
  /** Says who holds the name; unlike that of any other holder. */
  readonly holder: string;
  readonly clock: Clock;
  /** Whether another holder is known to live no more: its proof is not waited for then. */
  readonly isDead: (holder: string) => Promise<boolean>;
  /** Told, once, when another holder has taken the name: this process was stopped for longer than the proof lasts. */
  readonly onLost: (holder: string) => void;
  /** Told when the proof cannot be renewed for now. */
  readonly onFault: (fault: RedisFault) => void;
  /** Milliseconds the proof lasts without being renewed; 15 000 unless given. */
  readonly lifeMs?: number;
}

/** A name that is held, or who holds it. */
export type Claim =
  | { readonly isHeld: true; release(): Promise<void> }
  | { readonly isHeld: false; readonly holder: string };

const defaultLifeMs = 15_000;

/** KEYS: name. ARGV: holder, milliseconds, another holder that may be replaced or ''. Returns '' or who holds it. */
const claimScript = script(`
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] and held ~= ARGV[3] then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''
`);

/** KEYS: name. ARGV: holder. */
const releaseScript = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return ''
`);

/** Claims a name and keeps it until it is released. While Redis does not answer, nobody is told to hold it. */
export async function claimName(redis: Pick<RedisLink, 'script'>, options: ClaimOptions): Promise<Claim> {
  const { key, holder, clock, isDead, onLost, onFault, lifeMs = defaultLifeMs } = options;
  const ask = async (dead = '') => String(await redis.script(claimScript, [key], [holder, lifeMs, dead]));
  const attempt = async (): Promise<string> => {
    try {
      const other = await ask();
      return other !== '' && await isDead(other) ? await ask(other) : other;
    } catch (error) {
      if (!(error instanceof RedisFault)) throw error;
      onFault(error);
      return '';
    }
  };
  const first = await attempt();
  if (first !== '') return { isHeld: false, holder: first };
  let isOver = false;
  let renewal = Promise.resolve();
  let cancel = clock.after(lifeMs / 3, renew);
  function renew(): void {
    renewal = attempt().then((other) => {
      if (isOver) return;
      if (other === '') cancel = clock.after(lifeMs / 3, renew);
      else onLost(other);
    });
  }
  return {
    isHeld: true,
    async release() {
      isOver = true;
      cancel();
      await renewal;
      await redis.script(releaseScript, [key], [holder]).catch(() => undefined); // it runs out by itself
    },
  };
}
