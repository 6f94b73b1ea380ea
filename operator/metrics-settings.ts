/** The flags about /metrics: on which port, for whom, with which certificate. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Followed, followedFiles } from './followed-files.ts';
import { type Identity, readIdentity } from './identity-files.ts';
import { type ListenAddress, listenAddress } from './listen-address.ts';
import { defaultPerWorkerLimit } from './observability/worker-figures.ts';

/** Metrics on a port of their own. */
export interface MetricsSettings extends ListenAddress {
  /** Who may read them; everybody when undefined. */
  readonly auth: 'TokenReview' | undefined;
  /** `SelfSigned` makes a certificate at the start; undefined is plain HTTP. */
  readonly identity: Followed<Identity> | 'SelfSigned' | undefined;
}

/** The flags as they are given. The certificate is that of the page too. */
export interface MetricsFlags {
  readonly metrics?: ListenAddress;
  readonly metricsAuth?: 'TokenReview';
  readonly metricsCertFile?: string;
  readonly metricsKeyFile?: string;
  readonly metricsPerWorkerLimit: number;
}

const certificateFlags = { cert: '--metrics-cert-file', key: '--metrics-key-file' } as const;

/** Adds the flags. */
export function withMetricsFlags(program: Command): Command {
  return program
    .option(
      '--metrics <address>',
      'where /metrics is served, on a port of its own [beside the probes, see --http]',
      listenAddress,
    )
    .addOption(
      new Option(
        '--metrics-auth <kind>',
        'TokenReview: the API server is asked who reads metrics, and whether they may get the nonResourceURL /metrics [everybody]',
      ).choices(['TokenReview']),
    )
    .option(
      `${certificateFlags.cert} <file>`,
      'file with the certificate of that port and of --page [with --metrics-auth, and for --page, one that is made at the start, else no TLS]',
    )
    .option(`${certificateFlags.key} <file>`, 'file with the key of that certificate')
    .option(
      '--metrics-per-worker-limit <number>',
      'workers that have metrics of their own, the oldest first; the others are added up in series with an empty worker label',
      limit,
      defaultPerWorkerLimit,
    );
}

function limit(text: string): number {
  if (!/^(0|[1-9]\d{0,4})$/.test(text)) throw new InvalidArgumentError('must be a whole number from 0 to 99999');
  return Number(text);
}

/**
 * Reads the settings; ends the process with one sentence where a flag cannot be used.
 * @param hasPage whether the page is served, which has the same certificate
 */
export function readMetricsSettings(program: Command, hasPage: boolean): MetricsSettings | undefined {
  const { metrics, metricsAuth, metricsCertFile, metricsKeyFile } = program.opts<MetricsFlags>();
  if (metrics !== undefined) {
    const identity = readServerIdentity(program) ?? (metricsAuth === undefined ? undefined : 'SelfSigned');
    return { ...metrics, auth: metricsAuth, identity };
  }
  const certificate = [metricsCertFile, metricsKeyFile].some((flag) => flag !== undefined);
  if (metricsAuth !== undefined || (certificate && !hasPage)) {
    program.error(
      '--metrics-auth, --metrics-cert-file and --metrics-key-file need --metrics: probes stay open and plain; a certificate may be that of --page alone',
    );
  }
  return undefined;
}

/** The certificate that the flags name, read anew for each port that follows it; undefined when they name none. */
export function readServerIdentity(program: Command): Followed<Identity> | undefined {
  const { metricsCertFile: cert, metricsKeyFile: key } = program.opts<MetricsFlags>();
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    return program.error(`${certificateFlags.cert} and ${certificateFlags.key}: give both or none`);
  }
  try {
    return followedFiles(() => readIdentity(cert, key, certificateFlags));
  } catch (error) {
    return program.error((error as Error).message);
  }
}
