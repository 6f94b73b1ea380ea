/**
 * Gives a project the tools it names under `provide.wantedTools`. A machine that cannot have one skips the tests that
 * need it, with the reason printed here; in CI a failed build fails.
 */
import type { TestProject } from 'vitest/node';
import { CannotBuild } from '../control-plane/tool.ts';
import type { ToolName } from './recipes.ts';
import { tool } from './tool.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the project's configuration asks for. */
    wantedTools: readonly ToolName[];
    /** Paths of the programs that are there. */
    tools: Partial<Record<ToolName, string>>;
  }
}

/** Called by vitest before the first test of the project. */
export default async function setup(project: TestProject): Promise<void> {
  const tools: Partial<Record<ToolName, string>> = {};
  for (const name of project.getProvidedContext().wantedTools) {
    const path = await tool(name).catch((error: unknown) => skipped(name, error));
    if (path !== undefined) tools[name] = path;
  }
  project.provide('tools', tools);
}

function skipped(name: ToolName, error: unknown): undefined {
  if (!(error instanceof CannotBuild) || (error.reason === 'BuildFailed' && process.env['CI'] === 'true')) throw error;
  process.stderr.write(`The tests with ${name} are skipped: ${error.message}\n`);
}
