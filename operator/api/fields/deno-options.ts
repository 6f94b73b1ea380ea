/** `spec.denoOptions`: the flags of `deno run` a user may choose. What is not in the list is refused. */
import { listOf, portPattern, text } from '../bounded.ts';
import { either, inOrder, matches, never, withRules } from '../rules.ts';

const port = `(0|${portPattern})`;
const inspect = `--inspect(-brk|-wait)?(=(${port}|(127[.]0[.]0[.]1|localhost|\\[::1\\])(:${port})?))?`;

/** Flags of V8 that change neither how much memory it takes nor how safe it is. V8 reads "_" as "-". */
const v8Flag = '--(expose[-_]gc|jitless|trace[-_](gc([-_]verbose)?|opt|deopt)|stack[-_]trace[-_]limit=[0-9]{1,3})';

/**
 * Unstable parts of Deno that are an API or a way to write a module, held to the permissions of the scope. Not among
 * them: "bundle" and "tsgo", which load programs from npm past every permission, "hmr", which never ends, and
 * "subdomain-wildcards", by which an entry of --allow-net means something else.
 */
const unstable = [
  'bare-node-builtins',
  'broadcast-channel',
  'cron',
  'detect-cjs',
  'fs',
  'http',
  'kv',
  'net',
  'no-legacy-abort',
  'node-globals',
  'process',
  'raw-imports',
  'sloppy-imports',
  'temporal',
  'unsafe-proto',
  'webgpu',
  'worker-options',
];
const unstableFlag = `--unstable-(${unstable.join('|')})`;

/** Each flag as a whole. */
const allowed = [
  inspect,
  '--seed=[0-9]{1,19}',
  `--location=https?://[a-z0-9]([-.a-z0-9]*[a-z])?(:${portPattern})?(/[-A-Za-z0-9._~:/?%&=+]*)?`,
  '--check(=all)?',
  '--trace-ops(=[-a-z0-9_,]+)?',
  unstableFlag,
  `--v8-flags=${v8Flag}(,${v8Flag})*`,
];

const list =
  'denoOptions may hold --inspect on loopback, --seed, --location, --check, --trace-ops, --unstable-… and of --v8-flags those that trace, --expose-gc, --jitless and --stack-trace-limit: remove what is none of these';

/** The message tells of the first broken rule alone, the closest one. */
export const denoOptions = listOf(
  withRules(
    text(256),
    inOrder(
      list,
      never(
        '^(--(allow|deny|ignore)-|-[a-zA-Z]*[APRWINES]|--permission-set)',
        'denoOptions must not change permissions: use spec.permissions',
      ),
      never(
        '^--(preload|import|require)(=|$)',
        'denoOptions must not load code before the worker: import it in the module',
      ),
      matches(
        '^--?[a-zA-Z][!-~]*$',
        'each of denoOptions must be one flag without spaces, such as --seed=42: a value is joined to its flag by "="',
      ),
      either(
        'denoOptions must open the inspector on loopback alone, such as --inspect=127.0.0.1:9229: reach it with kubectl port-forward',
        never('^--inspect(-brk|-wait)?(=|$)', 'is another flag'),
        matches(`^${inspect}$`, 'is on loopback'),
      ),
      never(
        '^--v8-flags=.*(heap|space)',
        'denoOptions must not set the size of the heap: it follows pod.resources.limits.memory',
      ),
      either(
        `denoOptions may hold of --unstable-… what stays within the permissions: ${unstable.join(', ')}`,
        never('^--unstable-', 'is another flag'),
        matches(`^${unstableFlag}$`, 'is one of them'),
      ),
      matches(`^(${allowed.join('|')})$`, list),
    ),
  ),
  32,
).default([]);
