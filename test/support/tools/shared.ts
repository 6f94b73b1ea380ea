/** The tools of a project, as its tests see them. */
import { describe, inject } from 'vitest';
import './global-setup.ts';
import type { ToolName } from './recipes.ts';

/** `describe` for tests that run these tools: skipped, hooks included, when this machine cannot have them all. */
export function describeWith(...names: readonly ToolName[]): ReturnType<typeof describe.skipIf> {
  return describe.skipIf(names.some((name) => inject('tools')[name] === undefined));
}

/** Path of a tool the project asked for. */
export function toolPath(name: ToolName): string {
  const path = inject('tools')[name];
  if (path === undefined) throw new Error(`the project asks for no ${name} in vitest.config.ts, provide.wantedTools`);
  return path;
}
