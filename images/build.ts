/** `node images/build.ts [worker|operator] [--output <file>] [--tag <name:tag>]`: builds the images, and tells what is in them. */
import { resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { operatorImage, workerImage } from '../operator/version.ts';
import { buildOperatorImage, writeOperatorFiles } from './operator-image.ts';
import { CannotBuildImage } from './run.ts';
import { writePackageBill } from './sbom.ts';
import { buildWorkerImage, writeWorkerFiles } from './worker-image.ts';

const images = {
  worker: { tag: workerImage, build: buildWorkerImage, writeFiles: writeWorkerFiles },
  operator: { tag: operatorImage, build: buildOperatorImage, writeFiles: writeOperatorFiles },
} as const;
type ImageName = keyof typeof images;
const names = Object.keys(images) as ImageName[];

interface Flags {
  readonly output?: string;
  readonly tag?: string;
  readonly folder?: string;
}

async function main(): Promise<void> {
  const command = new Command('images/build.ts')
    .description('Builds the images, each as one archive, without a registry and without a daemon.')
    .addArgument(new Argument('[image]', 'the only one to build').choices(names))
    .option('--output <file>', 'where the archive of that one goes [dist/<image>-image.tar]')
    .option('--tag <name:tag>', 'what that one is called')
    .option('--folder <folder>', 'write what that one holds into this folder, and no archive')
    .parse();
  const [only] = command.args as [ImageName?];
  const { output, tag, folder } = command.opts<Flags>();
  if (only === undefined && [output, tag, folder].some((flag) => flag !== undefined)) {
    command.error(`error: say which image is meant: ${names.join(' or ')}`);
  }
  if (only !== undefined && folder !== undefined) {
    await images[only].writeFiles(resolve(folder));
    return;
  }
  for (const name of only === undefined ? names : [only]) {
    const request = { output: resolve(output ?? `dist/${name}-image.tar`), tag: tag ?? images[name].tag };
    const { archive, digest, bill } = await images[name].build(request);
    process.stdout.write(`${request.tag} ${digest}\n${archive}\n${bill}\n`);
  }
  if (only === undefined) process.stdout.write(`${await writePackageBill(resolve('dist'))}\n`);
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
