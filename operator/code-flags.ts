/** The flags about code from elsewhere: whether it is resolved, from which registries, and what a Job may take. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { JobSettings, JobWay } from './code-jobs/objects.ts';
import type { RegistrySettings } from './code-jobs/registry.ts';
import { RegistryError } from './code-jobs/registry-http.ts';
import { type Login, loginFor } from './code-jobs/registry-login.ts';
import { type FileReading, readNamedFile } from './followed-files.ts';
import { authorityProblem } from './redis/certificates.ts';

/** What they say. */
export interface CodeSettings {
  /** Addresses of the registries of npm and JSR; the public ones when absent. */
  readonly registries: { readonly npm?: string; readonly jsr?: string };
  /** What a Job may take; undefined where none is to be made. */
  readonly jobResources: JobSettings['resources'] | undefined;
  /** How Jobs reach hosts, where that is not by themselves. */
  readonly jobWay: JobWay;
  /** Where bundles are kept; in ConfigMaps when undefined. */
  readonly registry: RegistrySettings | undefined;
}

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

/** The settings out of the flags. */
export function readCodeFlags(
  { npmRegistry: npm, jsrRegistry: jsr, codeJobs, codeJobResources, ...way }: CodeFlags,
): CodeSettings {
  const { codeHttpProxy: httpProxy, codeHttpsProxy: httpsProxy, codeNoProxy: noProxy, codeCaFile: trusts } = way;
  return {
    registries: { ...(npm === undefined ? {} : { npm }), ...(jsr === undefined ? {} : { jsr }) },
    jobResources: codeJobs ? codeJobResources : undefined,
    jobWay: { httpProxy, httpsProxy, noProxy, trusts },
    registry: registrySettings(way),
  };
}

function registrySettings(
  { codeRegistry: repository, codeRegistryAuthFile: file, codeCaFile: trusts }: Partial<CodeFlags>,
): RegistrySettings | undefined {
  if (repository === undefined) return undefined;
  const login = (): Login | undefined => (file === undefined ? undefined : loginIn(file, repository.host));
  return { ...repository, login, trusts };
}

/** @throws RegistryError with a sentence that quotes nothing of it */
function loginIn(file: string, host: string): Login | undefined {
  const found = readNamedFile('--code-registry-auth-file', file);
  if (!found.ok) throw new RegistryError(found.problem);
  try {
    return loginFor(host, found.value);
  } catch {
    throw new RegistryError(`--code-registry-auth-file: ${file} is no configuration as docker login keeps it`);
  }
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

const quantities = z.record(z.string(), z.union([z.string(), z.number()]).transform(String));
const resources = z.strictObject({ requests: quantities.exactOptional(), limits: quantities.exactOptional() });

function jobResources(text: string): JobSettings['resources'] {
  const refused = new InvalidArgumentError(
    'must be JSON, such as {"requests":{"cpu":"100m"},"limits":{"memory":"1Gi"}}',
  );
  try {
    const { data } = resources.safeParse(JSON.parse(text));
    if (data !== undefined) return data;
  } catch {
    throw refused;
  }
  throw refused;
}
