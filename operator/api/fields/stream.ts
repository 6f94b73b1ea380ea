/** `spec.stream` and `spec.handler`: the streams of a worker and how its handler is run. */
import { z } from 'zod';
import {
  configHashKey,
  deadLetterStreamKey,
  requestStreamKey,
  responseStreamKey,
  retryScheduleKey,
} from '../../../contract/keys.ts';
import { defaultReplyExpireSeconds, defaultResponseStreamLimit } from '../../../contract/limits.ts';
import { text, upTo, whole } from '../bounded.ts';
import { atMost, inOrder, matches, never, withRules } from '../rules.ts';

/**
 * No spaces and no quotes: both mean something in the rules of a Redis user and in the files of those, where a key such as
 * `"*"` would open all of them.
 */
const plainName = '^[!#-&(-~]+$';

/** Redis takes any bytes as a key; what no shell and no log can show is kept out, and what is a key of something else. */
const streamKey = () =>
  withRules(
    text(512),
    inOrder(
      'a stream needs a key of its own',
      matches(plainName, 'a Redis key must be printable ASCII without spaces and quotes'),
      never(
        '^(res|req):',
        'keys below "res:" and "req:" are replies and traces, which callers name: choose a key that begins otherwise',
      ),
      never(
        '^[{]?[a-z][-a-z0-9_]*[}]?:([A-Za-z0-9][-A-Za-z0-9_.]*:h|retry:z)$',
        `keys such as ${configHashKey('<type>', '<id>')} and ${
          retryScheduleKey('<type>')
        } hold the config and the retries of a worker: choose another key for the stream, such as <type>:in:x`,
      ),
      never(
        ':g$',
        'keys that end in ":g" hold where a consumer group stands and whose it is: choose another key for the stream',
      ),
    ),
  );

/** The two halves of an entry id have 64 bits each. */
const half = upTo(2n ** 64n - 1n);

/** Keys, group and limits of the request and the response stream; a worker of another kind of work has none. */
export const stream = z
  .object({
    request: streamKey().exactOptional().describe(
      `Key of the request stream; ${requestStreamKey('<type>')} when absent.`,
    ),
    response: streamKey().exactOptional().describe(
      `Key of the response stream; ${responseStreamKey('<type>')} when absent.`,
    ),
    group: withRules(text(253), matches(plainName, 'stream.group must be printable ASCII without spaces and quotes'))
      .default(
        'worker',
      ).describe('Consumer group.'),
    startId: withRules(
      text(41),
      matches(
        `^([$]|${half}(-${half})?)$`,
        'stream.startId must be 0 (all requests), $ (new ones only) or the id of an entry, whose numbers have 64 bits',
      ),
    )
      .default('0')
      .describe('Where a new group starts to read: 0, $ or the id of an entry.'),
    requestLimit: whole(0, 1_000_000_000).default(0).describe(
      'Requests after which a worker process is replaced by a fresh one; 0 for none.',
    ),
    replyExpireSeconds: whole(1, 86_400).default(defaultReplyExpireSeconds).describe(
      'Seconds a reply waits for its caller.',
    ),
    responseLimit: whole(1, 100_000_000).default(defaultResponseStreamLimit).describe(
      'Entries the response stream keeps, about.',
    ),
    replies: z.enum(['Enabled', 'OnRequest', 'Disabled']).default('Enabled').describe(
      'Who is replied to: every caller; those whose request has the field reply with the value 1, as our clients send it; or nobody. Whoever waits for a reply that is not written waits in vain.',
    ),
    responses: z.enum(['All', 'Failures']).default('All').describe(
      'Which responses are written to the response stream. With Failures the others are counted and leave no entry: their durations, and what trace tells of them, are lost; and of a group that is destroyed by hand, requests of the last second may run again.',
    ),
    traces: z.enum(['Enabled', 'Disabled']).default('Enabled').describe(
      'Whether a trace of each request is kept for a while; without, nobody can look up when it was received and finished, nor its progress.',
    ),
    retention: z
      .enum(['Acknowledged', 'Forever'])
      .default('Acknowledged')
      .describe('Whether requests are removed from the stream once they are acknowledged.'),
  });

const backoff = withRules(
  z.object({
    initialMs: whole(1, 3_600_000).default(1000).describe(
      'Milliseconds before the second attempt; doubles with each further one.',
    ),
    maxMs: whole(1, 86_400_000).default(60_000).describe('Milliseconds between two attempts at most.'),
  }),
  atMost('initialMs', 'maxMs', 'handler.backoff.initialMs must not be larger than handler.backoff.maxMs'),
);

/** How the Handler runtime runs requests. */
export const handler = z
  .object({
    concurrency: whole(1, 10_000).default(16).describe('Requests one consumer handles at once.'),
    timeoutSeconds: whole(1, 86_400).default(30).describe('Seconds one attempt may take.'),
    maxAttempts: whole(1, 100).default(1).describe('Attempts before a failing request goes to the dead-letter stream.'),
    maxDeliveries: whole(1, 100).default(5).describe(
      'Deliveries of a request that never finishes before it goes to the dead-letter stream.',
    ),
    backoff: backoff.default({ initialMs: 1000, maxMs: 60_000 }).describe('Pause between two attempts.'),
    deadLetter: streamKey().exactOptional().describe(
      `Key of the dead-letter stream; ${deadLetterStreamKey('<type>')} when absent.`,
    ),
  });
