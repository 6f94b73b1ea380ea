/** The Rhai engine of the workers in this process, without a worker around it: no Redis, no network. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileEngine, Engine, type EngineOptions, type Host } from '../worker/rhai/engine.ts';
import { imageRoot } from './installation.ts';
import type { SyntaxFault } from './syntax.ts';

const file = join(imageRoot, 'worker/rhai/engine.wasm');

/** What the manifest may set, as it is when it does not. */
const usual = { maxOperations: 100_000_000, maxMemoryMiB: 32, maxCallLevels: 64 } as const;

/** What scripts are told, and what comes ahead of them. */
export type Surroundings = Pick<EngineOptions, 'contextId' | 'prelude'>;

/** An engine with the limits of a worker. @throws Error with what is wrong with the prelude */
export async function openRhai(surroundings: Surroundings, host: Host): Promise<Engine> {
  const module = await compileEngine(await readFile(file));
  return new Engine(module, { ...usual, ...surroundings, abilities: [] }, host);
}

/** Where a prelude is no Rhai; undefined for one that is, and where there is no engine, as in the image of the operator. */
export async function rhaiFault(prelude: string): Promise<SyntaxFault | undefined> {
  if (!existsSync(file)) return undefined;
  const host: Host = { stopped: () => false, print: () => undefined, ask: () => new Uint8Array() };
  try {
    await openRhai({ contextId: '', prelude }, host);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { line: Number(/\(line (\d+), position \d+\)$/.exec(message)?.[1] ?? 1), message };
  }
}
