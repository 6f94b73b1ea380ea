/** `spec.hats`: scripts that are shared by all consumers of a cluster. */
import { z } from 'zod';
import { durationPattern } from '../../../contract/hats.ts';
import { keyRef, listMapOf, text, whole } from '../bounded.ts';
import { exactlyOneOf, matches, never, withRules } from '../rules.ts';

/** Bytes of a script in a manifest; a ConfigMap takes longer ones. */
const maxScript = 32_768;
/** Scripts of each kind a manifest may have. */
const maxScripts = 256;

const scriptName = withRules(
  text(253),
  matches(
    '^[!-~]+$',
    'the name of a script is a part of a Redis key: printable ASCII without spaces, for example jobs/count.js',
  ),
);

const source = withRules(
  z.object({
    inline: text(maxScript).exactOptional().describe('The script itself, at most 32 KiB.'),
    configMap: keyRef().exactOptional().describe('A ConfigMap key that holds the script; a change is followed.'),
  }),
  exactlyOneOf(
    ['inline', 'configMap'],
    'exactly one of source.inline and source.configMap must be given: keep the one you mean',
  ),
);

const duration = withRules(
  text(24),
  matches(durationPattern, 'hats.threads.hang must be a duration such as 250ms, 1s or 1m30s'),
);

const thread = z.object({
  name: scriptName.describe('Name of the thread; its key is <cluster>:Threads:<name>.'),
  source: source.describe('The script: exactly one of inline and configMap.'),
  hang: duration.default('1s').describe('Pause between two calls of main(), a duration such as 250ms.'),
  deadSeconds: whole(1, 3600).default(5).describe(
    'Seconds without a sign of life of its worker after which another one takes the thread.',
  ),
});

const cron = withRules(
  text(253),
  matches(
    '^(@(yearly|annually|monthly|weekly|daily|midnight|hourly|every [0-9].*)|[^ @]+( +[^ ]+){4,5})$',
    'hats.jobs.cron must have the fields second, minute, hour, day, month and perhaps day of week, or be @hourly or @every 10s: 0 30 9 * * * is half past nine',
  ),
);

const job = z.object({
  name: scriptName.describe('Name of the job; its key is <cluster>:Jobs:<name>.'),
  cron: cron.describe('When it runs: second minute hour day month [day of week], @hourly and the like, or @every 10s.'),
  timeZone: withRules(
    text(64),
    matches('^[A-Za-z][-+_/A-Za-z0-9]*$', 'hats.jobs.timeZone must be the name of a zone, for example Europe/Berlin'),
  ).default('UTC').describe('The zone whose clock it goes by.'),
  source: source.describe('The script: exactly one of inline and configMap.'),
});

const endpoint = z.object({
  path: withRules(
    text(253),
    matches(
      '^/[!-~]*$',
      'hats.endpoints.path must begin with "/" and be printable ASCII without spaces, for example /orders',
    ),
    never('[?#%]', 'hats.endpoints.path is the path alone, decoded: leave out what begins with "?", "#" or "%"'),
  ).describe('The path it answers under, exactly; its key is <cluster>:Endpoints:<path>, escaped twice as in HTML.'),
  source: source.describe('Text with scripts between <? and ?>: exactly one of inline and configMap.'),
});

/** Names of clusters that would make keys of something else. */
const notReserved = never(
  '^(req|res)$',
  'hats.cluster must not be req or res: keys that begin so are traces and replies',
);

/** The scripts of a manifest, and the cluster they are in. */
export const hats = z.object({
  cluster: withRules(
    text(63),
    matches('^[A-Za-z][-A-Za-z0-9_]*$', 'hats.cluster must be letters, digits, "-" and "_", with a letter first'),
    notReserved,
  ).exactOptional().describe('What the keys of all scripts begin with; the worker type when absent.'),
  threads: listMapOf(thread, ['name'], maxScripts).default([]).describe('Scripts that are kept running, each once.'),
  jobs: listMapOf(job, ['name'], maxScripts).default([]).describe('Scripts that run by a schedule.'),
  endpoints: listMapOf(endpoint, ['path'], maxScripts).default([]).describe(
    'Scripts that answer over HTTP, where spec.http asks for it.',
  ),
});
