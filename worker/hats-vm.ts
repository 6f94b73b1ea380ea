/**
 * The process one script runs in: `deno run hats-vm.js`, with no permission at all. It reads orders on stdin and reports
 * on stdout, and stands still while its script waits for an answer: so calls of scripts look synchronous. Whoever started
 * it ends it, busy or not; when that one is gone, its stdin ends, and so does it.
 */
import { runOrders } from './hats/vm/process.ts';

runOrders();
