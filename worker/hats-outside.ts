/**
 * Sends requests for the scripts of a worker: `deno run --allow-net=<spec.permissions.net> hats-outside.js`. Calls come in
 * on stdin and answers go out on stdout; what may be reached is Deno's to say, at each hop of a redirect too.
 */
import { serveCalls } from './hats/outside-loop.ts';
import { send } from './hats/send.ts';

await serveCalls(send);
