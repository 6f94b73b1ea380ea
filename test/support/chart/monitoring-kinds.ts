/** The definitions of the kinds of the Prometheus operator, out of its module; kept in the cache. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, cacheRoot } from '../control-plane/cache.ts';
import { go, requireGo } from '../control-plane/go.ts';
import { type Progress, toStderr } from '../control-plane/tool.ts';

const source = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';
const kinds = ['servicemonitors', 'prometheusrules'];

/** Folder with a file for each. @throws CannotBuild when Go is missing, or the module cannot be had */
export async function monitoringKinds(progress: Progress = toStderr): Promise<string> {
  const folder = join(cacheRoot(), 'monitoring-kinds', source.slice(source.indexOf('@') + 1));
  await buildOnce({
    folder,
    what: 'the definitions of the Prometheus operator',
    duration: 'seconds',
    require: () => requireGo('1.24', { cwd: cacheRoot() }),
    async build(unfinished) {
      const { Dir } = JSON.parse(await go(['mod', 'download', '-json', source], { cwd: unfinished })) as {
        Dir: string;
      };
      for (const kind of kinds) {
        const file = `monitoring.coreos.com_${kind}.yaml`;
        await copyFile(join(Dir, 'example/prometheus-operator-crd', file), join(unfinished, file));
      }
    },
  }, progress);
  return folder;
}
