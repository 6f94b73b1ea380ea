/**
 * The flags about code from elsewhere: whether it is resolved, from which registries, and what a Job may take. The words
 * alone, which every start of the command line reads; what they come to is in code-settings.ts.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { JobSettings } from './code-jobs/objects.ts';
import type { RegistrySettings } from './code-jobs/registry.ts';
import { type FileReading, readNamedFile } from './followed-files.ts';
import { authorityProblem } from './redis/certificates.ts';

/** The flags as they are given. */
export interface CodeFlags {
  readonly npmRegistry?: string;
  readonly jsrRegistry?: string;
  readonly codeJobs: boolean;
  readonly codeJobResources: JobSettings['resources'];
  readonly codeHttpProxy?: string;
  readonly codeHttpsProxy?: string;
  readonly codeNoProxy?: string;
  readonly codeCaFile?: () => string;
  readonly codeRegistry?: Pick<RegistrySettings, 'host' | 'path' | 'isPlain'>;
  readonly codeRegistryAuthFile?: string;
}

/** What a Job may take unless told: the bundler of a large graph needs some hundred MiB. */
export const defaultJobResources = { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } } as const;

/** Adds the flags. */
export function withCodeFlags(program: Command): Command {
  return program
    .option('--no-code-jobs', 'resolve no spec.source.url, release or git: make no Jobs for it')
    .addOption(
      new Option('--code-job-resources <json>', 'requests and limits of such a Job, as a container has them')
        .argParser(jobResources)
        .default(defaultJobResources, '100m of a processor and 256Mi, at most 1Gi'),
    )
    .option('--code-http-proxy <url>', 'proxy by which such a Job reaches http addresses', proxy)
    .option('--code-https-proxy <url>', 'proxy by which such a Job reaches https addresses', proxy)
    .option('--code-no-proxy <hosts>', 'hosts it reaches without one: names, .example.com, addresses, with commas')
    .option('--code-ca-file <file>', 'PEM of authorities it trusts beside the public ones; read anew for each', trust)
    .option(
      '--code-registry <repository>',
      'keep bundles in this repository of an OCI registry, host/path or http://host/path, for pods that mount them as images [in ConfigMaps]',
      repository,
    )
    .option(
      '--code-registry-auth-file <file>',
      'login that may push there, as docker login keeps it; read anew each time',
    )
    .option('--npm-registry <url>', 'where that code has npm: packages from [the public registry]', registry)
    .option('--jsr-registry <url>', 'where that code has jsr: packages from [the public registry]', registry);
}

/** As images are named, without a tag. */
const repositoryName = /^(http:\/\/)?([a-z0-9.-]+(?::\d+)?|\[[0-9a-f:]+\](?::\d+)?)\/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)$/;

function repository(text: string): Pick<RegistrySettings, 'host' | 'path' | 'isPlain'> {
  const [, plain, host, path] = repositoryName.exec(text) ?? [];
  if (host === undefined || path === undefined) {
    throw new InvalidArgumentError('must be host/path without a tag, such as registry.example.com/team/code');
  }
  return { host, path, isPlain: plain !== undefined };
}

/** With a slash at the end: what is asked for is meant from there. */
function registry(text: string): string {
  const url = URL.parse(text);
  if (
    url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || url.search !== ''
  ) {
    throw new InvalidArgumentError(
      'must be an http or https address without a login, such as https://npm.example.com/',
    );
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

/** A login would be read by whoever may read the Job. */
function proxy(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError('must be an http or https address without a login, such as http://proxy:3128');
  }
  return url.origin;
}

/** What a file holds now; what it held before, while it cannot be read. */
function trust(file: string): () => string {
  let last = read(file);
  if (!last.ok) throw new InvalidArgumentError(last.problem);
  let known = last.value;
  return () => {
    last = read(file);
    return (known = last.ok ? last.value : known);
  };
}

function read(file: string): FileReading<string> {
  const found = readNamedFile('--code-ca-file', file);
  const wrong = found.ok ? authorityProblem(found.value) : undefined;
  return wrong === undefined ? found : { ok: false, problem: `${file} ${wrong}` };
}

function jobResources(text: string): JobSettings['resources'] {
  const refused = new InvalidArgumentError(
    'must be JSON, such as {"requests":{"cpu":"100m"},"limits":{"memory":"1Gi"}}',
  );
  try {
    const given: unknown = JSON.parse(text);
    if (!isObject(given)) throw refused;
    const { requests, limits, ...more } = given;
    if (Object.keys(more).length > 0) throw refused;
    return {
      ...(requests === undefined ? {} : { requests: amountsIn(requests) }),
      ...(limits === undefined ? {} : { limits: amountsIn(limits) }),
    };
  } catch {
    throw refused;
  }
}

/** Amounts as Kubernetes has them, which may be numbers. @throws TypeError for anything else */
function amountsIn(given: unknown): Record<string, string> {
  if (!isObject(given)) throw new TypeError('no amounts');
  return Object.fromEntries(
    Object.entries(given).map(([name, amount]) => {
      if (typeof amount !== 'string' && typeof amount !== 'number') throw new TypeError('no amount');
      return [name, String(amount)];
    }),
  );
}

function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}
