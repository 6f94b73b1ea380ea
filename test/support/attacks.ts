/** What somebody tries who has got the login of a worker `attacker` beside one called `victim`. */

/** Commands a server has to refuse for want of rights. */
export const forbiddenCommands: readonly (readonly string[])[] = [
  ...[['XRANGE', 'victim:req:x', '-', '+'], ['XREAD', 'STREAMS', 'victim:res:x', '0'], ['XLEN', 'victim:dead:x']],
  ['XREADGROUP', 'GROUP', 'worker', '1', 'STREAMS', 'victim:req:x', '>'],
  ['XADD', 'victim:req:x', '*', 'ref', 'forged'],
  ...[['HGETALL', 'victim:1:h'], ['HSET', 'victim:1:h', 'pid', '1'], ['HDEL', 'victim:1:h', 'pid']],
  ...[['BRPOP', 'res:secret', '1'], ['LRANGE', 'res:secret', '0', '-1'], ['DEL', 'res:secret'], ['RPOP', 'res:secret']],
  ...[['HGETALL', 'req:secret:h'], ['HGET', 'req:secret:h', 'data'], [
    'LMOVE',
    'res:secret',
    'res:mine',
    'LEFT',
    'LEFT',
  ]],
  ...[['GET', 'text'], ['SET', 'attacker:req:x', 'x'], ['RENAME', 'attacker:1:h', 'victim:1:h'], [
    'SORT',
    'res:secret',
  ]],
  ...[['SCAN', '0'], ['KEYS', '*'], ['RANDOMKEY'], ['DBSIZE'], ['SELECT', '1'], ['SWAPDB', '0', '1']],
  ...[['FLUSHALL'], ['FLUSHDB'], ['SHUTDOWN', 'NOSAVE'], ['SAVE'], ['REPLICAOF', '127.0.0.1', '1'], ['INFO']],
  ...[['CONFIG', 'GET', 'requirepass'], ['CONFIG', 'SET', 'requirepass', 'x'], ['MODULE', 'LIST']],
  ...[['ACL', 'LIST'], ['ACL', 'GETUSER', 'default'], ['ACL', 'SETUSER', 'me', 'on', 'nopass', '+@all', '~*']],
  ...[['CLIENT', 'LIST'], ['CLIENT', 'KILL', 'TYPE', 'normal'], ['CLIENT', 'PAUSE', '1000'], ['MONITOR']],
  ...[['SUBSCRIBE', 'news'], ['PSUBSCRIBE', '*'], ['SSUBSCRIBE', 'news'], ['PUBLISH', 'news', 'x']],
  ...[['SCRIPT', 'FLUSH'], ['FUNCTION', 'LIST'], ['FCALL', 'f', '0'], ['SLOWLOG', 'GET'], ['LATENCY', 'RESET']],
  ...[['MIGRATE', '127.0.0.1', '1', 'res:secret', '0', '1'], ['DUMP', 'res:secret'], ['OBJECT', 'FREQ', 'res:secret']],
  ...[['XGROUP', 'DESTROY', 'attacker:req:x', 'worker'], ['XSETID', 'attacker:req:x', '0-1']],
];

/** Scripts that reach for what is not theirs, with keys they name and without. A server refuses what is inside, or all of it. */
export const forbiddenScripts: readonly (readonly string[])[] = [
  ['EVAL', "return redis.call('HGETALL', KEYS[1])", '1', 'victim:1:h'],
  ['EVAL', "return redis.call('XRANGE', 'victim:req:x', '-', '+')", '0'],
  ['EVAL', "return redis.call('LPOP', KEYS[1])", '1', 'res:secret'],
  ['EVAL', "return redis.call('CONFIG', 'GET', 'requirepass')", '0'],
  ['EVAL', "return redis.call('FLUSHALL')", '0'],
];

/** Ways to become somebody else by guessing. */
export const guesses: readonly (readonly string[])[] = [
  ['AUTH', ''],
  ['AUTH', 'redis'],
  ['AUTH', 'default', 'default'],
  ['AUTH', 'redisworker', 'password'],
  ['HELLO', '3', 'AUTH', 'default', ''],
];

/** A module that keeps whatever passes by, looks wherever a process can look, and answers with all of it. */
export const thief = `
  const seen = new Set();
  const decoder = new TextDecoder();
  const decode = decoder.decode.bind(decoder);
  let busy = false;
  const keep = (values) => {
    if (busy) return;
    busy = true;
    for (const value of values) {
      if (seen.size > 2000) break;
      if (typeof value === 'string') seen.add(value.slice(0, 500));
      if (value instanceof Uint8Array && value.length < 65536) seen.add(decode(value).slice(0, 500));
    }
    busy = false;
  };
  const patched = [];
  const listen = (owner, name) => {
    try {
      const before = owner[name];
      owner[name] = function (...args) { keep(args); return Reflect.apply(before, this, args); };
      patched.push(name);
    } catch { /* it is guarded */ }
  };
  for (const name of ['encode', 'encodeInto']) listen(TextEncoder.prototype, name);
  for (const name of ['connect', 'connectTls', 'readFileSync', 'readTextFileSync', 'readTextFile']) listen(Deno, name);
  for (const name of ['set', 'subarray', 'slice']) listen(Uint8Array.prototype, name);
  for (const name of ['call', 'bind']) listen(Function.prototype, name);
  for (const name of ['stringify', 'parse']) listen(JSON, name);
  for (const name of ['then']) listen(Promise.prototype, name);
  for (const name of ['join', 'push', 'map']) listen(Array.prototype, name);
  const socket = await Deno.connect({ hostname: '127.0.0.1', port: PORT }).catch(() => undefined);
  if (socket) {
    for (const name of ['write', 'read', 'close']) listen(Object.getPrototypeOf(socket), name);
    socket.close();
  }
  const names = ['REDIS_URL', 'REDIS_USERNAME', 'REDIS_PASSWORD_FILE', 'WORKER_SETTINGS', 'WORKER_KEY_FILE'];
  const secret = (name) => new URL('../secret/' + name, import.meta.url);
  const looks = {
    ...Object.fromEntries(names.map((name) => [name, () => Deno.env.get(name)])),
    env: () => Deno.env.toObject(),
    nodeEnv: async () => ({ ...(await import('node:process')).env }),
    environ: () => Deno.readTextFile('/proc/self/environ'),
    parentEnviron: () => Deno.readTextFile('/proc/' + Deno.ppid + '/environ'),
    operatorEnviron: () => Deno.readTextFile('/proc/OPERATOR/environ'),
    commandLine: () => Deno.readTextFile('/proc/self/cmdline'),
    maps: () => Deno.readTextFile('/proc/self/maps'),
    memory: () => Deno.open('/proc/self/mem'),
    descriptors: async () => (await Array.fromAsync(Deno.readDir('/proc/self/fd'))).length,
    password: () => Deno.readTextFile(secret('redis-password')),
    secrets: async () => (await Array.fromAsync(Deno.readDir(secret('.')))).length,
    nodeFile: async () => (await import('node:fs')).readFileSync(secret('redis-password'), 'utf8'),
    imported: async () => (await import(secret('redis-password').href, { with: { type: 'text' } })).default,
    run: () => new Deno.Command('cat', { args: ['/proc/self/environ'] }).output(),
    snapshot: async () => (await import('node:v8')).writeHeapSnapshot(),
    ffi: () => Deno.dlopen('libc.so.6', {}),
    internals: () => Object.keys(Deno[Deno.internal]),
  };
  export default async () => {
    const told = {};
    for (const [name, look] of Object.entries(looks)) {
      try { told[name] = await look(); } catch (error) { told[name] = { refused: error.name }; }
    }
    return { told, patched, seen: [...seen] };
  };`;

/** A whole program that sends each attack through the door it has, over a connection of its own, and tells the answers. */
export function intruder(attacks: readonly (readonly string[])[]): string {
  return `
    const encoder = new TextEncoder();
    const encode = (args) => encoder.encode('*' + args.length + '\\r\\n' +
      args.map((arg) => '$' + encoder.encode(arg).length + '\\r\\n' + arg + '\\r\\n').join(''));
    for (const attack of ${JSON.stringify(attacks)}) {
      const door = await Deno.connect({ hostname: '127.0.0.1', port: 6379 });
      await door.write(encode(attack));
      const chunk = new Uint8Array(4096);
      const length = await door.read(chunk);
      console.log('ATTACK ' + JSON.stringify([attack.join(' '), new TextDecoder().decode(chunk.subarray(0, length ?? 0))]));
      door.close();
    }
    const door = await Deno.connect({ hostname: '127.0.0.1', port: 6379 });
    await door.write(encode(['RESET']));
    await door.read(new Uint8Array(64));
    await door.write(encode(['PING']));
    const chunk = new Uint8Array(256);
    console.log('AFTER RESET ' + new TextDecoder().decode(chunk.subarray(0, await door.read(chunk))));
    console.log('ATTACKS OVER');
    setInterval(() => undefined, 1000);`;
}
