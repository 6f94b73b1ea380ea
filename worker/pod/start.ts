/** What every runtime does before and around its own work: settings, log, health, the gate, and its consumer's place. */
import { ownerField, pidField, type WorkerConfig } from '../../contract/config-hash.ts';
import { type Connect, connectPair, type Pair } from '../redis/connection-pair.ts';
import { type Route, routeTo } from '../redis/route.ts';
import { type Clock, clock } from './clock.ts';
import { decodeConfig, openSecret } from './consumer.ts';
import { passGate } from './gate/pass.ts';
import { Pulse, serveHealth } from './health.ts';
import { type Identity, leavePlace } from './identity.ts';
import { readKeyLine } from './key-line.ts';
import { createLog, type Logger, tellOnce } from './log.ts';
import { Outages } from './outage.ts';
import { giveUpSecrets, type PodSettings, type ReadEnv, readSecretFile } from './settings.ts';
import { waitForPlace } from './waiting.ts';

/** Reads what a runtime of one kind wants to know; pure but for `readFile`. */
export type ParseSettings<Settings extends PodSettings> = (
  args: readonly string[],
  readEnv: ReadEnv,
  readFile: (path: string) => string,
) => Settings;

/** A process that has passed the gate, and knows all it can without Redis. */
export interface Pod<Settings extends PodSettings = PodSettings> {
  readonly settings: Settings;
  /** The line `worker-v0 <key>`; undefined when there is none. */
  readonly keyLine: string | undefined;
  readonly identity: Identity;
  readonly log: Logger;
  /** A logger whose lines carry further fields. */
  readonly logWith: (fields: Readonly<Record<string, unknown>>) => Logger;
  readonly pulse: Pulse;
  readonly outages: Outages;
  readonly connect: Connect;
  readonly route: Route;
  readonly clock: Clock;
}

/** The place of a consumer, taken. */
export interface Consumer {
  readonly config: WorkerConfig;
  readonly secrets: Readonly<Record<string, unknown>>;
  /** The connections it was taken over, which serve on. */
  readonly connections: Pair;
}

/**
 * Reads the settings, gives up the right to read them again, answers probes and passes the network gate: code that is
 * not ours may be loaded afterwards.
 * @throws FatalError with the exit code for it
 */
export async function startPod<Settings extends PodSettings>(
  args: readonly string[],
  parse: ParseSettings<Settings>,
): Promise<Pod<Settings>> {
  const readEnv: ReadEnv = Deno.env.get;
  const settings = parse(args, readEnv, readSecretFile);
  const keyLine = await readKeyLine(readEnv);
  giveUpSecrets(readEnv);
  const { hashKey, podName, owner } = settings;
  const signature = { worker: hashKey, ...(podName ? { pod: podName } : {}) };
  const log = createLog(signature);
  const pulse = new Pulse(clock.monotonic);
  if (settings.health) serveHealth(settings.health, pulse);
  const gate = await passGate(settings.gate, log);
  const route = routeTo({ ...settings.redis, name: `redisworker:${hashKey}` }, hashKey);
  return {
    settings,
    keyLine,
    identity: { pid: String(Deno.pid), owner, session: crypto.randomUUID(), ...(gate ? { gate } : {}) },
    log,
    logWith: (fields) => createLog({ ...signature, ...fields }),
    pulse,
    outages: new Outages(log, clock.random),
    connect: () => route.connect('bytes'),
    route,
    clock,
  };
}

/**
 * Takes the place of the consumer, once Redis answers, its config hash is there and no other pod holds it, and reads
 * what the hash says. A place whose hash cannot be used is left again.
 * @throws FatalError (badConfig) when the hash or its secret cannot be read
 */
export async function takeConsumer({ settings: { hashKey }, keyLine, ...pod }: Pod): Promise<Consumer> {
  const { fields, connections } = await take(hashKey, pod);
  tellPredecessor(fields, pod);
  try {
    const config = decodeConfig(fields, hashKey);
    return { config, secrets: await openSecret(config, hashKey, keyLine), connections };
  } catch (error) {
    await leavePlace(connections.writer, hashKey, pod.identity).catch(() => {}); // the error at hand is the one to tell
    throw error;
  }
}

/** A process whose event loop is kept busy, or that is killed, says nothing: its successor does. */
function tellPredecessor(
  fields: Readonly<Record<string, string>>,
  { identity, log }: Pick<Pod, 'identity' | 'log'>,
): void {
  if (fields[pidField] === undefined || fields[ownerField] !== identity.owner) return;
  log.warn(
    'the process before this one in the pod did not end by itself: it ran out of memory, was killed, or code such as "for (;;) {}" kept its event loop busy until the liveness probe gave up',
  );
}

type Taker = Pick<Pod, 'identity' | 'log' | 'pulse' | 'outages' | 'connect'>;

function take(hashKey: string, { identity, log, pulse, outages, connect }: Taker) {
  const tell = tellOnce((sentence) => log.warn(sentence));
  const onLook = () => {
    outages.over();
    pulse.beat();
  };
  return outages.ride(async () => {
    pulse.beat();
    const connections = await connectPair(connect);
    try {
      // Nothing aborts the wait: until there is something to finish, a signal ends the process.
      return { fields: await waitForPlace(connections.writer, hashKey, identity, { tell, onLook }) ?? {}, connections };
    } catch (error) {
      connections.reader.close();
      connections.writer.close();
      throw error;
    }
  });
}
