/** The path of a program of others, which is built once into the cache outside the checkout. */
import { dirname, join } from 'node:path';
import { type Progress, toStderr } from '../control-plane/tool.ts';
import { goProgram, publishedProgram } from '../go-program.ts';
import { debianProgram } from './debian-program.ts';
import { recipes, type ToolName } from './recipes.ts';

/**
 * Path of the tool; built first when it is not there, which may take minutes.
 * @throws CannotBuild when this machine cannot build it, with the reason
 */
export function tool(name: ToolName, progress: Progress = toStderr): Promise<string> {
  const recipe = recipes[name];
  switch (recipe.from) {
    case 'Published':
      return publishedProgram({ name, ...recipe }, progress);
    case 'Module':
      return goProgram({ name, ...recipe }, progress);
    case 'Debian':
      return debianProgram({ name, ...recipe }, progress);
  }
}

/** Path of a file that came with a tool, for example of a CRD of its source. */
export function besideTool(path: string, file: string): string {
  return join(dirname(path), file);
}
