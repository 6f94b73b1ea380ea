/** The status page, made from its sources: one script and one style, with everything they need. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Packages whose code is in there, by folder: their licences have to be told. */
export const pagePackages = ['node_modules/preact', 'node_modules/uplot'] as const;

/** Both as texts. The same sources give the same bytes. */
export async function buildPage(): Promise<{ readonly script: string; readonly style: string }> {
  const require = createRequire(import.meta.url);
  const [script, ...styles] = await Promise.all([
    scriptOf(join(import.meta.dirname, 'src/main.tsx')),
    readFile(require.resolve('uplot/dist/uPlot.min.css'), 'utf8'),
    readFile(join(import.meta.dirname, 'src/style.css'), 'utf8'),
  ]);
  return { script, style: styles.join('\n') };
}

/** What bundles is read when a page has to be made, which a package and an image have done before. */
async function scriptOf(input: string): Promise<string> {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    input,
    cwd: join(import.meta.dirname, '..'),
    platform: 'browser',
    tsconfig: join(import.meta.dirname, 'tsconfig.json'),
    transform: { target: 'es2022' },
  });
  const { output } = await build.generate({ format: 'esm', minify: true, comments: false });
  await build.close();
  const [only, ...more] = output;
  if (more.length > 0) throw new Error(`the page became ${more.length + 1} files instead of one`);
  return only.code;
}
