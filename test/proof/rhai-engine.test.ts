/** The engine that is committed, held against its sources. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CannotBuild, toStderr } from '../support/control-plane/tool.ts';
import { buildEngine } from '../support/rhai/build-engine.ts';

/** Where no registry of crates is reached, there is nothing to build from. */
const noCrates = /cargo fetch" in/;

test('worker/rhai/engine.wasm is what its sources build, byte for byte', async ({ skip }) => {
  const built = await buildEngine().catch((error: unknown) => {
    if (!(error instanceof CannotBuild) || (error.reason === 'BuildFailed' && !noCrates.test(error.message))) {
      throw error;
    }
    toStderr(`The Rhai engine is not built anew: ${error.message}`);
    return skip();
  });
  expect(Buffer.from(built.wasm).equals(await readFile('worker/rhai/engine.wasm'))).toBe(true);
}, 1_800_000);
