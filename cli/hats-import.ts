/** `redisworker hats import`: an environment folder of hatter as a manifest. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { nsPerMs } from '../contract/hats.ts';
import { apiVersion, kind } from '../operator/api/schema.ts';
import { type ExitCode, exitCodes, Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';

const file = z.object({ FilePath: z.string().min(1), Hang: z.number().min(0), DeadSeconds: z.number().min(0) });

/** An environment as hatter writes it. */
const environment = z.object({
  Cluster: z.string().min(1),
  Scripts: z.array(file).nullish().transform((scripts) => scripts ?? []),
  Jobs: z.array(file.extend({ Cron: z.string().min(1) })).nullish().transform((jobs) => jobs ?? []),
  Endpoints: z.array(z.object({ Route: z.string().min(1), FilePath: z.string().min(1) })).nullish().transform((
    endpoints,
  ) => endpoints ?? []),
});

/** Prints the manifest of the environment in a file. @throws Failure when that or a script cannot be read */
export async function importEnvironment(path: string, name: string, io: Io): Promise<ExitCode> {
  const { Cluster: cluster, Scripts, Jobs, Endpoints } = await read(path);
  // Its tools name a script by the path they were given for it.
  const folder = dirname(path);
  const sourceOf = async (filePath: string) => ({ inline: await text(join(folder, filePath)) });
  const threads = await Promise.all(Scripts.map(async ({ FilePath, Hang, DeadSeconds }) => ({
    name: join(folder, FilePath),
    hang: `${Math.max(1, Math.round(Hang / nsPerMs))}ms`,
    deadSeconds: Math.max(1, DeadSeconds),
    source: await sourceOf(FilePath),
  })));
  const jobs = await Promise.all(Jobs.map(async ({ FilePath, Cron }) => ({
    name: join(folder, FilePath),
    cron: Cron,
    source: await sourceOf(FilePath),
  })));
  const endpoints = await Promise.all(
    Endpoints.map(async ({ Route, FilePath }) => ({ path: Route, source: await sourceOf(FilePath) })),
  );
  const served = endpoints.length > 0 ? { http: {} } : {};
  const spec = { runtime: 'Hats', ...served, hats: { cluster, threads, jobs, endpoints } };
  io.out(stringify({ apiVersion, kind, metadata: { name }, spec }, { lineWidth: 0 }).trimEnd());
  return exitCodes.ok;
}

async function read(path: string): Promise<z.output<typeof environment>> {
  const json = await text(path);
  try {
    return environment.parse(JSON.parse(json));
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : messageOf(cause);
    throw new Failure(`${path} is no environment of hatter: ${what}`, exitCodes.usage, { cause });
  }
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Failure(`${path} cannot be read: ${messageOf(cause)}`, exitCodes.usage, { cause });
  }
}
