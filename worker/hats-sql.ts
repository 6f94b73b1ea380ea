/**
 * Asks databases for the scripts of a worker: `deno run --allow-net=<spec.permissions.net> hats-sql.js`. Calls come in on
 * stdin and answers go out on stdout, as with hats-outside.ts; apart from that one, since the client of databases is large.
 */
import { serveCalls } from './hats/outside-loop.ts';
import { Databases } from './hats/sql/databases.ts';

const databases = new Databases();

await serveCalls((call: Parameters<Databases['answer']>[0]) => databases.answer(call));
Deno.exit(); // connections that are open are no reason to stay
