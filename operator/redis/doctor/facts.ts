/** What a server says of itself, parsed once. Pure. */
import { quotable } from '../../../contract/foreign-text.ts';

/** Products that are told apart. */
export type Product = 'Redis' | 'Valkey' | 'KeyDB' | 'Dragonfly' | 'Garnet';

/** A server by its own words; undefined wherever it did not say. */
export interface ServerFacts {
  readonly product: Product | undefined;
  readonly version: readonly number[] | undefined;
  readonly mode: 'standalone' | 'sentinel' | 'cluster' | undefined;
  readonly role: 'primary' | 'replica' | undefined;
  /** `host:port` of the primary of a replica. */
  readonly primary: string | undefined;
  /** Names of the sets a Sentinel watches. */
  readonly watched: readonly string[];
  /** False for a Cluster that serves nothing. */
  readonly clusterIsUp: boolean | undefined;
  readonly replicas: number | undefined;
  /** Replicas that do not lag. */
  readonly goodReplicas: number | undefined;
  readonly minReplicas: number | undefined;
  readonly usedMemory: number | undefined;
  /** 0 for none. */
  readonly maxMemory: number | undefined;
  readonly evictionPolicy: string | undefined;
  readonly appendOnly: boolean | undefined;
  readonly appendFsync: string | undefined;
  /** Seconds of the shortest save point; undefined without any. */
  readonly savesEvery: number | undefined;
  /** Whether `savesEvery` is known. */
  readonly savesKnown: boolean;
  readonly lastWriteFailed: boolean;
  readonly protectedMode: boolean | undefined;
  /** It listens on loopback addresses alone. */
  readonly loopbackOnly: boolean | undefined;
  readonly idleSeconds: number | undefined;
  readonly maxBulkBytes: number | undefined;
  readonly maxQueryBytes: number | undefined;
  /** 0 for none. */
  readonly tlsPort: number | undefined;
}

/** Settings that are asked for. */
export const settings = [
  'maxmemory',
  'maxmemory-policy',
  'appendonly',
  'appendfsync',
  'save',
  'min-replicas-to-write',
  'protected-mode',
  'bind',
  'timeout',
  'proto-max-bulk-len',
  'client-query-buffer-limit',
  'tls-port',
] as const;

/** A reply by name, each value as its text. */
export type Fields = ReadonlyMap<string, string>;

const none: Fields = new Map();

/** Reads `name:value` lines, as INFO and CLUSTER INFO give them. */
export function infoFields(text: string): Fields {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, name, value] = /^([^#:\r]+):(.*?)\r?$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** What a server has answered; undefined where it refused. */
export interface Told {
  /** INFO */
  readonly info: Fields | undefined;
  /** CONFIG GET of {@link settings} */
  readonly config: Fields | undefined;
  /** CLUSTER INFO */
  readonly cluster: Fields | undefined;
}

/** Brings the answers into one form. */
export function factsOf({ info = none, config = none, cluster = none }: Told): ServerFacts {
  const setting = (name: (typeof settings)[number]): string | undefined => config.get(name);
  const save = setting('save');
  return {
    ...productOf(info),
    ...topologyOf(info, cluster),
    replicas: whole(info, 'connected_slaves'),
    goodReplicas: whole(info, 'min_slaves_good_slaves'),
    minReplicas: whole(config, 'min-replicas-to-write'),
    usedMemory: whole(info, 'used_memory'),
    maxMemory: whole(config, 'maxmemory') ?? whole(info, 'maxmemory'),
    evictionPolicy: word(setting('maxmemory-policy') ?? info.get('maxmemory_policy')),
    appendOnly: yesNo(setting('appendonly')) ?? oneZero(info.get('aof_enabled')),
    appendFsync: word(setting('appendfsync')),
    savesEvery: save === undefined ? undefined : shortestSave(save),
    savesKnown: save !== undefined,
    lastWriteFailed: info.get('rdb_last_bgsave_status') === 'err' || info.get('aof_last_write_status') === 'err',
    protectedMode: yesNo(setting('protected-mode')),
    loopbackOnly: loopbackOnly(setting('bind')),
    idleSeconds: whole(config, 'timeout'),
    maxBulkBytes: whole(config, 'proto-max-bulk-len'),
    maxQueryBytes: whole(config, 'client-query-buffer-limit'),
    tlsPort: whole(config, 'tls-port'),
  };
}

/** Those that are like Redis tell its version too; where they name their own, that one counts. */
const ownVersions: readonly (readonly [field: string, product: Product])[] = [
  ['valkey_version', 'Valkey'],
  ['dragonfly_version', 'Dragonfly'],
  ['garnet_version', 'Garnet'],
  ['redis_version', 'Redis'],
];

function productOf(info: Fields): Pick<ServerFacts, 'product' | 'version'> {
  const [field, product] = ownVersions.find(([name]) => info.has(name)) ?? [];
  if (field === undefined || product === undefined) return { product: undefined, version: undefined };
  const version = /\d+(\.\d+){0,3}/.exec(info.get(field) ?? '')?.[0].split('.').map(Number);
  // KeyDB says it by the fields of its own threads alone.
  return { product: product === 'Redis' && info.has('server_threads') ? 'KeyDB' : product, version };
}

const modes = ['standalone', 'sentinel', 'cluster'] as const;

function topologyOf(
  info: Fields,
  cluster: Fields,
): Pick<ServerFacts, 'mode' | 'role' | 'primary' | 'watched' | 'clusterIsUp'> {
  const said = info.get('redis_mode') ?? info.get('server_mode');
  const role = info.get('role');
  const host = info.get('master_host');
  const state = cluster.get('cluster_state');
  return {
    mode: modes.find((mode) => mode === said) ?? (state === undefined ? undefined : 'cluster'),
    role: role === 'master' ? 'primary' : role === 'slave' || role === 'replica' ? 'replica' : undefined,
    primary: host === undefined ? undefined : quotable(`${host}:${info.get('master_port') ?? ''}`),
    watched: [...info].flatMap(([name, value]) =>
      /^master\d+$/.test(name) ? quotable(/^name=([^,]+)/.exec(value)?.[1] ?? '') : []
    ),
    clusterIsUp: state === undefined ? undefined : state === 'ok',
  };
}

function whole(fields: Fields, name: string): number | undefined {
  const text = fields.get(name) ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** One of the words such settings have, and nothing longer that a stranger may have put there. */
function word(text: string | undefined): string | undefined {
  return text !== undefined && /^[a-z]+(-[a-z]+)?$/.test(text) && text.length <= 20 ? text : undefined;
}

function yesNo(text: string | undefined): boolean | undefined {
  return text === 'yes' ? true : text === 'no' ? false : undefined;
}

function oneZero(text: string | undefined): boolean | undefined {
  return text === '1' ? true : text === '0' ? false : undefined;
}

/** `3600 1 300 100`: pairs of seconds and changes. */
function shortestSave(text: string): number | undefined {
  const seconds = text.split(' ').filter((_, at) => at % 2 === 0).map(Number).filter((one) => one > 0);
  return seconds.length === 0 ? undefined : Math.min(...seconds);
}

/** `127.0.0.1 -::1`: a dash says that it may be missing on this machine. */
function loopbackOnly(bind: string | undefined): boolean | undefined {
  if (bind === undefined) return undefined;
  const addresses = bind.split(' ').filter((one) => one !== '').map((one) => one.replace(/^-/, ''));
  return addresses.length > 0 && addresses.every(isLoopback);
}

/** True for an address or name of this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\./.test(host);
}

/** True when `version` is `major.minor` or newer. */
export function isAtLeast(version: readonly number[], [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, theirs = 0] = version;
  return ours > major || (ours === major && theirs >= minor);
}
