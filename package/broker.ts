/** The broker of modules as the npm package has it: for Deno, its parts shared between what programs and modules import. */
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');

/** What programs and modules import, and what workers and processes of modules start. */
const imported = ['mod', 'worker', 'onmessage', 'cleaner', 'debug', 'telemetry'] as const;
const started = ['worker-entry', 'process-entry', 'telemetry-entry'] as const;

/** Texts by path in `lib/`. The same sources give the same bytes. */
export async function bundleBroker(): Promise<ReadonlyMap<string, string>> {
  const build = await rolldown({
    input: Object.fromEntries([...imported, ...started].map((name) => [name, join(root, 'broker', `${name}.ts`)])),
    cwd: root,
    platform: 'neutral',
  });
  const { output } = await build.generate({
    format: 'esm',
    minify: 'dce-only',
    comments: false,
    entryFileNames: '[name].js',
    // Beside the entries, which are found from wherever the code that starts them has come to lie.
    chunkFileNames: 'part-[name].js',
  });
  await build.close();
  return new Map(output.flatMap((file) => (file.type === 'chunk' ? [[`broker/${file.fileName}`, file.code]] : [])));
}
