/** Makes a Worker of a module, with no more than the module may do. */
import { getTelemetry } from './telemetry.ts';
import type { ModulePermissions, ModuleSettings } from './types.ts';

const usualEntry = new URL('./worker-entry.js', import.meta.url);

export function makeWorker(module: URL, { permissions, entry }: ModuleSettings): Worker {
  const name = module.href;
  const url = entry ?? getTelemetry()?.defaultWorkerModule ?? usualEntry;
  if (permissions === undefined) return new Worker(url, { type: 'module', name });
  return new Worker(
    url,
    { type: 'module', name, deno: { permissions: narrowed(module, permissions) } } as WorkerOptions,
  );
}

function narrowed(module: URL, { net = [], env = [], read = [], write = [], ...more }: ModulePermissions) {
  return {
    net: net === true || net.length > 0 ? net : false,
    env: env.length > 0 ? env : false,
    read: [new URL('./', import.meta.url), ...(module.protocol === 'file:' ? [withoutSearch(module)] : []), ...read],
    write: write.length > 0 ? write : false,
    import: more.import ?? false,
    run: false,
    ffi: false,
    sys: false,
  };
}

function withoutSearch(module: URL): URL {
  return new URL(module.pathname, module);
}
