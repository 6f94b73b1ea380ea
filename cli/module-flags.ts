/** The flags that say of a module what a manifest would. */
import { type Command, Option } from 'commander';
import type { ModuleSettings } from './module-manifest.ts';
import { readSecrets } from './secrets-file.ts';
import { wholeNumber } from './words.ts';

/** As commander reads them. */
export interface ModuleFlags {
  allowNet?: string[] | undefined;
  allowEnv?: string[] | undefined;
  secrets?: string | undefined;
  consumers?: number | undefined;
  runtime?: 'Handler' | 'Script' | undefined;
}

/** Adds them to a command. */
export function withModuleFlags(command: Command): Command {
  return command
    .option('--allow-net <hosts>', 'of a module: hosts it may reach, with a comma between them', listed)
    .option('--allow-env <names>', 'of a module: variables it may read, with a comma between them', listed)
    .option('--secrets <file>', 'of a module: a file of name=value lines, which it has as context.secrets')
    .option('--consumers <count>', 'of a module: how many run at once', wholeNumber(0, 1000))
    .addOption(new Option('--runtime <runtime>', 'of a module: what it is').choices(['Handler', 'Script']));
}

/** What they say. @throws Failure (usage) when the file of secrets cannot be read */
export function readModuleFlags({ allowNet, allowEnv, secrets, consumers, runtime }: ModuleFlags): ModuleSettings {
  return {
    net: allowNet,
    env: allowEnv,
    secrets: secrets === undefined ? undefined : readSecrets(secrets),
    consumers,
    runtime,
  };
}

/** Items with commas between them; the flag may be given several times. */
function listed(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map((item) => item.trim()).filter((item) => item !== '')];
}
