/** The engine by itself: what scripts come to, and what stops them. */
import { assertEquals } from '../testing/assert.ts';
import { compileEngine, Engine, type EngineOptions, type Host, verdicts } from './engine.ts';
import { Turns } from './turns.ts';

function assert(holds: boolean, message = 'it does not hold'): asserts holds {
  if (!holds) throw new Error(message);
}

const module = await compileEngine(await Deno.readFile(new URL('./engine.wasm', import.meta.url)));

const generous: EngineOptions = {
  maxOperations: 1e9,
  maxCallLevels: 64,
  maxMemoryMiB: 64,
  contextId: 'circle',
  prelude: '',
  abilities: [],
};

function engineWith(options: Partial<EngineOptions> = {}, host: Partial<Host> = {}): Engine {
  const silent: Host = {
    verdict: () => verdicts.goOn,
    pause: () => Promise.resolve(),
    print: () => {},
    ask: () => Promise.resolve(null),
    ...host,
  };
  return new Engine(module, { ...generous, ...options }, silent);
}

/** A host that ends a script when its time is over. */
function within(ms: number): Partial<Host> & { begin(): void } {
  let endMs = Infinity;
  return {
    begin: () => endMs = performance.now() + ms,
    verdict: () => performance.now() > endMs ? verdicts.end : verdicts.goOn,
  };
}

Deno.test('an engine of other bytes is not loaded', async () => {
  const error = await compileEngine(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).catch((thrown: Error) => thrown);
  assert(
    error instanceof Error && /has the digest sha256-\w+, and this runtime was made with sha256-/.test(error.message),
  );
});

Deno.test('who asks and whose worker it is cannot be made up', async () => {
  const engine = engineWith();
  const tries = [
    'let CALLER_ID = "me"; CALLER_ID',
    'const CALLER_ID = "me"; CALLER_ID',
    'CALLER_ID = "me"; CALLER_ID',
    'fn f(CALLER_ID) { CALLER_ID } f("me")',
    'let f = |CALLER_ID| CALLER_ID; f.call("me")',
    'for CALLER_ID in ["me"] { return CALLER_ID; }',
    'try { throw "me" } catch (CALLER_ID) { return CALLER_ID; }',
    'eval("let CALLER_ID = \\"me\\";"); CALLER_ID',
    'let x = "me"; { let CALLER_ID = x; return CALLER_ID; }',
  ];
  for (const script of tries) {
    const { kind, text } = await engine.run(script, 'somebody');
    assert(kind === 'error' || text === 'somebody', `${script} gave ${text}`);
    assert(text !== 'me', script);
  }
  assertEquals(await engine.run('[CALLER_ID, CONTEXT_ID]', 'somebody'), {
    kind: 'value',
    text: '["somebody", "circle"]',
  });
});

Deno.test('nothing of a script is there for the next', async () => {
  const engine = engineWith();
  await engine.run('let secret = "s"; fn kept() { 1 }', 'a');
  assertEquals(await engine.run('is_def_var("secret") || is_def_fn("kept", 0)', 'b'), { kind: 'value', text: 'false' });
  assertEquals(await engine.run('CALLER_ID', 'b'), { kind: 'value', text: 'b' });
});

Deno.test('what comes ahead of every script is compiled once, and all of it can be used', async () => {
  const engine = engineWith({ prelude: 'const RATE = 0.2; fn tax(x) { x * global::RATE } fn who() { CALLER_ID }' });
  for (let run = 0; run < 3; run++) assertEquals((await engine.run('tax(10.0) + RATE', 'c')).text, '2.2');
  assertEquals((await engine.run('who()', 'c')).text, 'c');
  assertEquals((await engine.run('fn tax(x) { 0 } tax(10.0)', 'c')).text, '0');
});

Deno.test('a prelude that does not compile is refused with its place', () => {
  let message = '';
  try {
    engineWith({ prelude: 'fn f( {' });
  } catch (error) {
    message = (error as Error).message;
  }
  assert(/^Syntax error: .*\(line 1, position \d+\)$/.test(message), message);
});

Deno.test('what a script prints is told, and no more than 64 KiB of it', async () => {
  const told: string[] = [];
  const engine = engineWith({}, { print: (level, text, line) => told.push(`${level} ${line} ${text}`) });
  await engine.run('print("a"); debug([1, "b"]);', '');
  assertEquals(told, ['print 0 a', 'debug 1 [1, "b"]']);
  told.length = 0;
  await engine.run('let s = "x"; s.pad(1000, \'x\'); for i in 0..200 { print(s); }', '');
  assertEquals(told.reduce((sum, line) => sum + line.length - 'print 0 '.length, 0), 64 * 1024);
});

Deno.test('a loop without an end is stopped, by its operations or by the clock', async () => {
  const few = engineWith({ maxOperations: 100_000 });
  assertEquals((await few.run('loop { }', '')).text.replace(/ \(.*/, ''), 'Too many operations');
  assertEquals((await few.run('[1, 2].map(|x| { loop { } })', '')).kind, 'error');
  assertEquals((await few.run('40 + 2', '')).text, '42');
  const clock = within(50);
  const timed = engineWith({}, clock);
  clock.begin();
  assertEquals((await timed.run('loop { }', '')).text.replace(/ \(.*/, ''), 'Script terminated');
});

Deno.test('functions of the host are there where they are allowed, and nowhere else', async () => {
  const asked: (readonly string[])[] = [];
  const ask = (request: readonly string[]) => {
    asked.push(request);
    return Promise.resolve(
      request[1] === 'LRANGE' ? ['a', 'ü', null, 3, []] : request[1] === 'DEL' ? new Error('no') : 'ok',
    );
  };
  const without = await engineWith({}, { ask }).run('redis_get("k")', '');
  assert(without.text.startsWith('Function not found: redis_get'));
  const engine = engineWith({ abilities: ['redis', 'http', 'progress'] }, { ask });
  assertEquals((await engine.run('redis_lrange("k", 0, -1)', '')).text, '["a", "ü", (), 3, []]');
  assertEquals((await engine.run('redis_set("k", 5, 60) + http_get("http://a")', '')).text, 'okok');
  assertEquals(await engine.run('redis_del("k")', ''), {
    kind: 'error',
    text: 'Runtime error: no (line 1, position 1)',
  });
  assertEquals((await engine.run('progress(50)', '')).kind, 'value');
  assertEquals(asked, [
    ['redis', 'LRANGE', 'k', '0', '-1'],
    ['redis', 'SET', 'k', '5', 'EX', '60'],
    ['http_get', 'http://a'],
    ['redis', 'DEL', 'k'],
    ['progress', '50'],
  ]);
});

Deno.test('scripts of several engines take turns with each other and with all else that waits', async () => {
  const turns = new Turns(() => Math.floor(performance.now()));
  const host = { verdict: () => turns.isOver() ? verdicts.pause : verdicts.goOn, pause: () => turns.next() };
  const order: string[] = [];
  const run = async (name: string, turnsOf: number) => {
    await engineWith({}, host).run(`let n = 0; while n < ${turnsOf} { n += 1; }`, '');
    order.push(name);
  };
  const timer = setInterval(() => order.includes('timer') || order.push('timer'), 1); // it keeps Deno running, as connections do
  await Promise.all([run('long', 500_000), run('short', 20_000)]);
  clearInterval(timer);
  assertEquals(order, ['timer', 'short', 'long']);
});

Deno.test('a script that waits for an answer keeps no other from running', async () => {
  const answers: ((text: string) => void)[] = [];
  const ask = () => new Promise<string>((resolve) => answers.push(resolve));
  const waiting = engineWith({ abilities: ['http'] }, { ask }).run('http_get("http://a") + 1', '');
  assertEquals((await engineWith().run('40 + 2', '')).text, '42');
  answers[0]?.('a');
  assertEquals(await waiting, { kind: 'value', text: 'a1' });
});
