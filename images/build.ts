/** `node images/build.ts [--output <file>] [--tag <name:tag>]`: builds the image of worker pods. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { workerImage } from '../operator/version.ts';
import { CannotBuildImage } from './run.ts';
import { buildWorkerImage, type ImageRequest, writeWorkerFiles } from './worker-image.ts';

export { buildWorkerImage };

async function main(): Promise<void> {
  const command = new Command('images/build.ts')
    .description('Builds the image of worker pods as one archive, without a registry and without a daemon.')
    .option('--output <file>', 'where the archive goes', 'dist/worker-image.tar')
    .option('--tag <name:tag>', 'what the image is called', workerImage)
    .option('--folder <folder>', 'write what the image holds into this folder, and no archive')
    .parse();
  const { output, tag, folder } = command.opts<ImageRequest & { readonly folder?: string }>();
  if (folder !== undefined) {
    await writeWorkerFiles(resolve(folder));
    return;
  }
  const { archive, digest } = await buildWorkerImage({ output: resolve(output), tag });
  process.stdout.write(`${tag} ${digest}\n${archive}\n`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof CannotBuildImage)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
