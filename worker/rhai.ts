/**
 * Runs Rhai scripts that come as tasks in a Redis list: `deno run <flags> rhai.ts <key of the config hash>`.
 *
 * Flags it needs: `--no-prompt`; `--allow-net=<Redis host:port>,<health host:port>` and what scripts may ask by HTTP;
 * `--ignore-env --allow-env=<names of contract/pod.ts>`; `--allow-read=<folder of the runtime>,<source folder>,<secret
 * folder>`. Nothing is written, nothing is run. A script itself can do nothing but what the functions do it is given.
 *
 * Exit codes are those of contract/pod.ts; the reason is one sentence, the last line on stderr.
 */
import { exitCodes } from '../contract/pod.ts';
import { tellEnd } from './pod/last-words.ts';
import { start } from './rhai/start.ts';

const exit = Deno.exit; // it is guarded later

try {
  await start(Deno.args, new URL('./rhai/engine.wasm', import.meta.url), exit);
  exit(exitCodes.ok);
} catch (error) {
  exit(tellEnd(error));
}
