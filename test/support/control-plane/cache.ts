/** Folders that are built once and kept between runs, outside the checkout. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Progress, secondsSince } from './tool.ts';
import { withLock } from './lock.ts';

/** A folder in the cache and how it comes to be. */
export interface CachedBuild {
  readonly folder: string;
  /** For example `Kubernetes v1.36.3`. */
  readonly what: string;
  /** How long it may take, for people who wait. */
  readonly duration: string;
  /** Throws when the tools of the build are missing; not asked when there is nothing to build. */
  require(): Promise<void>;
  /** Fills an empty folder. */
  build(unfinished: string): Promise<void>;
}

/** Where builds are kept. */
export function cacheRoot(): string {
  return process.env['REDISWORKER_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'redisworker');
}

/** Has the folder built unless it is there; two processes never build the same one at the same time. */
export async function buildOnce(cached: CachedBuild, progress: Progress): Promise<void> {
  const { folder, what } = cached;
  if (existsSync(folder)) return;
  await cached.require();
  await mkdir(dirname(folder), { recursive: true });
  const waiting = (holder: number): void => progress(`process ${holder} is building ${what}, waiting for it`);
  await withLock(`${folder}.lock`, async () => {
    if (!existsSync(folder)) await build(cached, progress);
  }, waiting);
}

/** Builds beside the final folder and renames, so that a build cut short is never taken for a whole one. */
async function build(cached: CachedBuild, progress: Progress): Promise<void> {
  const { folder, what, duration } = cached;
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished);
  progress(`building ${what} once into ${folder} (${duration})`);
  const started = Date.now();
  await cached.build(unfinished);
  await rename(unfinished, folder);
  progress(`built in ${secondsSince(started)} s`);
}
