/**
 * Builds every tool and the Rhai engine, one after the other, while other tests run and need none of them. One that
 * cannot be built is told and left: the tests that need it try again, and say so themselves.
 */
import { constants, setPriority } from 'node:os';
import { toStderr } from '../control-plane/tool.ts';
import { buildEngine } from '../rhai/build-engine.ts';
import { toolNames } from './recipes.ts';
import { tool } from './tool.ts';

setPriority(constants.priority.PRIORITY_BELOW_NORMAL); // compilers started from here inherit it
for (const name of toolNames) {
  await tool(name).catch((error: unknown) => toStderr(`${name} cannot be built: ${String(error)}`));
}
await buildEngine().catch((error: unknown) => toStderr(`the Rhai engine cannot be built: ${String(error)}`));
