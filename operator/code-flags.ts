/** The flags about code from elsewhere: whether it is resolved, from which registries, and what a Job may take. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { JobSettings } from './code-jobs/objects.ts';

/** What they say. */
export interface CodeSettings {
  /** Addresses of the registries of npm and JSR; the public ones when absent. */
  readonly registries: { readonly npm?: string; readonly jsr?: string };
  /** What a Job may take; undefined where none is to be made. */
  readonly jobResources: JobSettings['resources'] | undefined;
}

/** The flags as they are given. */
export interface CodeFlags {
  readonly npmRegistry?: string;
  readonly jsrRegistry?: string;
  readonly codeJobs: boolean;
  readonly codeJobResources: JobSettings['resources'];
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
    .option('--npm-registry <url>', 'where that code has npm: packages from [the public registry]', registry)
    .option('--jsr-registry <url>', 'where that code has jsr: packages from [the public registry]', registry);
}

/** The settings out of the flags. */
export function readCodeFlags(
  { npmRegistry: npm, jsrRegistry: jsr, codeJobs, codeJobResources }: CodeFlags,
): CodeSettings {
  return {
    registries: { ...(npm === undefined ? {} : { npm }), ...(jsr === undefined ? {} : { jsr }) },
    jobResources: codeJobs ? codeJobResources : undefined,
  };
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
