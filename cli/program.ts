/** How this command line was started, so that what a hint says can be typed as it stands. */
import { basename, delimiter, dirname, relative } from 'node:path';
import { argv, cwd, env } from 'node:process';

const commandName = 'redisworker';

/** What the name follows from. */
export interface Started {
  /** Path of the script that Node was given. */
  readonly script: string;
  readonly folder: string;
  /** The folders of PATH. */
  readonly searchPath: readonly string[];
  /** What npm was asked to do, when it started this: `exec` for npx. */
  readonly npmCommand?: string | undefined;
}

/** The words before the name of a command. */
export function programName({ script, folder, searchPath, npmCommand }: Started): string {
  const file = basename(script);
  if (file !== commandName && file !== `${commandName}.js`) return commandName; // part of another program
  if (npmCommand !== undefined) return `npx ${commandName}`;
  if (file === commandName && searchPath.includes(dirname(script))) return commandName;
  return `node ${relative(folder, script)}`;
}

/** The words before the name of a command, in this process. */
export const program = programName({
  script: argv[1] ?? '',
  folder: cwd(),
  searchPath: (env['PATH'] ?? '').split(delimiter),
  npmCommand: env['npm_command'],
});
