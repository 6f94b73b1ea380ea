/** The config hash `<type>:<id>:h`: what the operator writes and a worker process reads. */

/** The fields the operator owns, in the order they are documented. */
export const operatorFields = [
  'type',
  'workerType',
  'url',
  'workerUrl',
  'version',
  'workerVersion',
  'repo',
  'class',
  'sourceDigest',
  'requestStream',
  'responseStream',
  'consumerId',
  'requestLimit',
  'denoOptions',
  'replyExpireSeconds',
  'responseStreamLimit',
  'encryptedAlg',
  'encryptedIv',
  'encryptedJson',
  'resource',
] as const;

/** Name of a field the operator owns; every other field belongs to the worker: pid, owner, gate (see gate.ts), counters. */
export type OperatorField = (typeof operatorFields)[number];

/** Operator-owned fields with their values; an absent field has no value. */
export type ConfigHashFields = Partial<Record<OperatorField, string>>;

/** Field the running process sets to its process id, and must find unchanged. */
export const pidField = 'pid';

/** Field that names the pod (its UID) the running process belongs to. */
export const ownerField = 'owner';

/** Field that names the connections the running process writes over: what is still on its way over earlier ones is refused. */
export const sessionField = 'session';

/** Counter fields of requests a worker refused: `err:ref`, `err:type`, `err:workerUrl`. */
export function errorCounterField(cause: 'ref' | 'type' | 'workerUrl'): string {
  return `err:${cause}`;
}

/** What a config hash says, decoded. Numbers are absent (0) when the field is. */
export interface WorkerConfig {
  readonly type: string;
  readonly consumerId: string;
  readonly requestStream: string;
  readonly responseStream: string;
  readonly workerUrl?: string;
  readonly workerVersion?: string;
  /** Of a released worker: where its releases are, and which of them it is. */
  readonly repo?: string;
  readonly class?: string;
  /** `sha256-<hex>` of code that came from elsewhere. */
  readonly sourceDigest?: string;
  /** Requests after which the process ends with exit code 0; 0 = none. */
  readonly requestLimit: number;
  readonly denoOptions: readonly string[];
  readonly replyExpireSeconds?: number;
  readonly responseStreamLimit?: number;
  readonly secret?: EncryptedSecret;
  /** `<namespace>/<name>/<uid>` of the manifest that owns the hash. */
  readonly resource?: string;
}

/** The three fields that carry the worker's secret. */
export interface EncryptedSecret {
  readonly alg: string;
  /** Hex, 16 bytes. */
  readonly iv: string;
  /** Base64 of the encrypted JSON. */
  readonly json: string;
}

/** Encodes a config; empty and default (0) values are left out, as older workers expect. */
export function encodeConfigHash(config: WorkerConfig): ConfigHashFields {
  const fields: ConfigHashFields = {
    type: config.type,
    workerType: config.type,
    requestStream: config.requestStream,
    responseStream: config.responseStream,
    consumerId: config.consumerId,
  };
  if (config.workerUrl) {
    fields.url = config.workerUrl;
    fields.workerUrl = config.workerUrl;
  }
  if (config.workerVersion) {
    fields.version = config.workerVersion;
    fields.workerVersion = config.workerVersion;
  }
  if (config.repo) fields.repo = config.repo;
  if (config.class) fields.class = config.class;
  if (config.sourceDigest) fields.sourceDigest = config.sourceDigest;
  if (config.requestLimit > 0) fields.requestLimit = String(config.requestLimit);
  if (config.denoOptions.length > 0) fields.denoOptions = config.denoOptions.join(' ');
  if (config.replyExpireSeconds) fields.replyExpireSeconds = String(config.replyExpireSeconds);
  if (config.responseStreamLimit) fields.responseStreamLimit = String(config.responseStreamLimit);
  if (config.secret) {
    fields.encryptedAlg = config.secret.alg;
    fields.encryptedIv = config.secret.iv;
    fields.encryptedJson = config.secret.json;
  }
  if (config.resource) fields.resource = config.resource;
  return fields;
}

/**
 * Decodes the fields of a hash.
 * @throws Error naming the field, when one is missing or not a number.
 */
export function decodeConfigHash(fields: Readonly<Record<string, string>>): WorkerConfig {
  const { encryptedAlg, encryptedIv, encryptedJson } = fields;
  const type = fields['type'] || required(fields, 'workerType');
  const workerUrl = fields['workerUrl'] || fields['url'];
  const workerVersion = fields['workerVersion'] || fields['version'];
  const replyExpireSeconds = count(fields, 'replyExpireSeconds');
  const responseStreamLimit = count(fields, 'responseStreamLimit');
  return {
    type,
    consumerId: required(fields, 'consumerId'),
    requestStream: required(fields, 'requestStream'),
    responseStream: required(fields, 'responseStream'),
    requestLimit: count(fields, 'requestLimit'),
    denoOptions: (fields['denoOptions'] ?? '').split(' ').filter((option) => option !== ''),
    ...(workerUrl ? { workerUrl } : {}),
    ...(workerVersion ? { workerVersion } : {}),
    ...(replyExpireSeconds ? { replyExpireSeconds } : {}),
    ...(responseStreamLimit ? { responseStreamLimit } : {}),
    ...(encryptedAlg && encryptedIv && encryptedJson
      ? { secret: { alg: encryptedAlg, iv: encryptedIv, json: encryptedJson } }
      : {}),
    ...(fields['resource'] ? { resource: fields['resource'] } : {}),
  };
}

/** The value of the `resource` field for a manifest. */
export function resourceOf(namespace: string, name: string, uid: string): string {
  return `${namespace}/${name}/${uid}`;
}

function required(fields: Readonly<Record<string, string>>, name: OperatorField): string {
  const value = fields[name];
  if (!value) throw new Error(`the config hash has no field "${name}"`);
  return value;
}

function count(fields: Readonly<Record<string, string>>, name: OperatorField): number {
  const value = fields[name];
  if (value === undefined || value === '') return 0;
  if (!/^\d{1,15}$/.test(value)) {
    throw new Error(`the config hash field "${name}" must be a whole number, not "${value.slice(0, 40)}"`);
  }
  return Number(value);
}
