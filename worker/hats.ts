/**
 * Runs scripts of a HATS cluster: `deno run <flags> hats.js <key of the config hash>`.
 *
 * Flags it needs: `--no-prompt`; `--allow-net=<Redis host:port>,<health host:port>`; `--ignore-env --allow-env=<names of
 * contract/pod.ts and those scripts may read>`; `--allow-read=<secret folder>`; `--allow-run=deno`. No script runs in this
 * process: each has a process of its own, without any permission, and what it asks for is done here.
 *
 * Exit codes are those of contract/pod.ts; the reason is one sentence, the last line on stderr.
 */
import { exitCodes } from '../contract/pod.ts';
import { start } from './hats/start.ts';
import { tellEnd } from './pod/last-words.ts';

try {
  await start(Deno.args, new URL('.', import.meta.url).href, Deno.exit);
  Deno.exit(exitCodes.ok);
} catch (error) {
  Deno.exit(tellEnd(error));
}
