/**
 * Runs the modules of a worker, each isolated from the others: `deno run <flags> modules.js <key of the config hash>`.
 *
 * Flags it needs: `--no-prompt`; `--unstable-worker-options`; `--import-map=<modules-import-map.json>`;
 * `--allow-net=<Redis host:port>,<health host:port>` and what modules may reach that are threads; `--ignore-env
 * --allow-env=<names of contract/pod.ts and those modules may read>`; `--allow-read` and `--allow-write` as
 * `modulesRights` has them; `--allow-run=deno`. Modules have processes of their own, with a part of the worker's
 * permissions each, unless the manifest makes one a thread.
 *
 * Exit codes are those of contract/pod.ts; the reason is one sentence, the last line on stderr.
 */
import { exitCodes, sharedModule } from '../contract/pod.ts';
import { start } from './modules/start.ts';
import { tellEnd } from './pod/last-words.ts';

const exit = Deno.exit; // modules that are threads find another one
const shared = new URL(
  import.meta.url.endsWith('.ts') ? './mod.ts' : sharedModule.slice(sharedModule.lastIndexOf('/') + 1),
  import.meta.url,
);

try {
  await start(Deno.args, shared, exit);
  exit(exitCodes.ok);
} catch (error) {
  exit(tellEnd(error));
}
