/** The Rhai engine of the workers in this process: it reads scripts, and runs none. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { taskDefaults } from '../contract/tasks.ts';
import { compileEngine, Engine, type Host, verdicts } from '../worker/rhai/engine.ts';
import { imageRoot } from './installation.ts';
import type { SyntaxFault } from './syntax.ts';

const file = join(imageRoot, 'worker/rhai/engine.wasm');

/** Where a prelude is no Rhai; undefined for one that is, and where there is no engine, as in the image of the operator. */
export async function rhaiFault(prelude: string): Promise<SyntaxFault | undefined> {
  if (!existsSync(file)) return undefined;
  const module = await compileEngine(new Uint8Array(await readFile(file)));
  const host: Host = {
    verdict: () => verdicts.end,
    pause: () => Promise.resolve(),
    print: () => undefined,
    ask: () => Promise.resolve(null),
  };
  try {
    new Engine(module, { ...taskDefaults, contextId: '', prelude, abilities: [] }, host);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { line: Number(/\(line (\d+), position \d+\)$/.exec(message)?.[1] ?? 1), message };
  }
}
