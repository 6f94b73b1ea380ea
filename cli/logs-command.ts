/** The words of `redisworker logs`. */
import type { Command } from 'commander';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { type PlaceFlags, placeWords, whichPlace, withPlace } from './place-words.ts';
import { examples } from './words.ts';

interface Flags extends PlaceFlags {
  ref?: string;
  consumer?: string;
  follow?: true;
}

/** Adds `logs` to the program. */
export function addLogsCommand(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  withPlace(root.command('logs'), { manyNamespaces: false })
    .description('print the lines of the pods of a worker, of this machine or of a cluster')
    .argument('<worker>', 'its name or type')
    .option('--ref <ref>', 'only lines about the request with this reference')
    .option('--consumer <id>', 'only those of this consumer')
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .addHelpText(
      'after',
      `${
        examples([
          ['logs demo-worker -f', 'of all its consumers'],
          ['logs demo-worker --ref order-17 --namespace shop', 'in a cluster: what was logged about one request'],
        ])
      }

${whichPlace}
Of an "up" the latest 5000 lines are kept.`,
    )
    .action(async (name: string, { ref, consumer, follow, ...flags }: Flags, command: Command) => {
      const place = placeWords(flags, command);
      const [{ logs }, { isClusterMeant }] = await Promise.all([import('./logs.ts'), import('./choose-place.ts')]);
      const isCluster = await isClusterMeant(place, io);
      finish(await logs({ ...place, name, ref, consumer, follow: follow ?? false }, isCluster, io, io.interrupted()));
    });
}
