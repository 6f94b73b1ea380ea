/**
 * Runs a worker's handler: `deno run <flags> main.ts <key of the config hash>`.
 *
 * Flags it needs: `--no-prompt`; `--import-map=<import_map.json>`; `--allow-net=<Redis host:port>,<health host:port>`
 * and whatever the user's scope adds; `--ignore-env --allow-env=<names of contract/pod.ts>`;
 * `--allow-read=<source folder>,<secret folder>`, named one by one as `handlerRights` does. Before it loads user
 * code it gives up reading the environment and the secret folder. Nothing is written, nothing is run.
 *
 * Exit codes are those of contract/pod.ts; the reason is one sentence, the last line on stderr.
 */
import { exitCodes } from '../contract/pod.ts';
import { start } from './handler/start.ts';
import { tellEnd } from './pod/last-words.ts';

const exit = Deno.exit; // user code finds another one

try {
  await start(Deno.args, exit);
  exit(exitCodes.ok);
} catch (error) {
  exit(tellEnd(error));
}
