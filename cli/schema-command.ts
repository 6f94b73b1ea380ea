/** `redisworker schema`: what editors read. */
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { examples } from './words.ts';

/** Adds `schema` to the program. */
export function addSchemaCommand(root: Command, io: Io): void {
  root.command('schema')
    .description('print the JSON Schema of a manifest, for editors; an API server checks more than it can say')
    .option('--spec', 'of a test spec instead')
    .addHelpText(
      'after',
      `${examples([['schema > redisworker.schema.json', 'for an editor']])}

An editor with the YAML language server finds it by the first line of a manifest:
  # yaml-language-server: $schema=redisworker.schema.json`,
    )
    .action(async ({ spec }: { spec?: true }) => {
      const schema = spec
        ? (await import('./spec/schema.ts')).specJsonSchema()
        : (await import('../operator/api/manifest-schema.ts')).manifestSchema();
      io.out(JSON.stringify(schema, null, 1));
    });
}
