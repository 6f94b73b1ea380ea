/**
 * Runs one script as a worker runs it, for the command line: `deno run --allow-read=<engine> [--allow-net=…] rhai-run.js`.
 * What to run is JSON on stdin, what comes of it JSON lines on stdout; see contract/rhai-run.ts.
 */
import type { RhaiRunEvent, RhaiRunOrder } from '../contract/rhai-run.ts';
import { taskDefaults } from '../contract/tasks.ts';
import { clock } from './pod/clock.ts';
import { fullMessage } from './pod/foreign.ts';
import { httpGet, OpenKeys, percentOf } from './rhai/abilities.ts';
import { compileEngine } from './rhai/engine.ts';
import { type Asked, Engines } from './rhai/engines.ts';
import { Turns } from './rhai/turns.ts';
import { routeTo } from './redis/route.ts';

const encoder = new TextEncoder();

function tell(event: RhaiRunEvent): void {
  const bytes = encoder.encode(`${JSON.stringify(event)}\n`);
  for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent));
}

async function run(order: RhaiRunOrder): Promise<void> {
  const { script, callerId, contextId, prelude, timeoutSeconds, redis, http } = order;
  const module = await compileEngine(await Deno.readFile(new URL('./rhai/engine.wasm', import.meta.url)));
  const abilities = [...(redis ? ['redis'] as const : []), ...(http ? ['http'] as const : []), 'progress'] as const;
  const engines = new Engines(
    {
      module,
      engine: { ...taskDefaults, contextId, prelude, abilities },
      timeoutMs: timeoutSeconds * 1000,
      turns: new Turns(clock.monotonic),
      now: clock.monotonic,
    },
    1,
  );
  setInterval(() => engines.endOverdue(), 50);
  const { kind, text } = await engines.run({ script, callerId }, askedOf(order));
  tell(kind === 'value' ? { value: text } : { error: text });
}

/** As of a task, but that what it prints and how far it is goes to the terminal. */
function askedOf({ redis }: RhaiRunOrder): Asked {
  const keys = redis && new OpenKeys(redis.keys, () => routeTo(redis.target, '').connect('bytes'));
  return {
    print: (level, text) => tell({ print: level, text }),
    ask: async ([kind, ...args], until) => {
      if (kind === 'redis' && keys !== undefined) return await keys.answer(args);
      if (kind === 'http_get') return await httpGet(args[0] ?? '', until);
      tell({ progress: percentOf(args[0]) });
      return null;
    },
  };
}

try {
  await run(JSON.parse(await new Response(Deno.stdin.readable).text()) as RhaiRunOrder);
  Deno.exit(0);
} catch (error) {
  tell({ failed: fullMessage(error) });
  Deno.exit(1);
}
