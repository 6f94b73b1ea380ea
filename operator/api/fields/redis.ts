/** `spec.redis`: the Redis of a worker, when it is not the operator's own. */
import { z } from 'zod';
import { keyRef, portPattern, text } from '../bounded.ts';
import { inOrder, matches, never, type Rule, withRules } from '../rules.ts';

const noCredentials = never(
  '@',
  'redis.url must not carry credentials: put the user into redis.username and the password into a Secret named by redis.passwordSecretRef',
);

const redisAddress = matches(
  `^rediss?://([-A-Za-z0-9_.]+|\\[[0-9A-Fa-f:.]+\\])(:${portPattern})?(/[0-9]{0,5})?$`,
  'redis.url must be redis://host[:port][/database], or rediss:// for TLS',
);

const tlsNeedsScheme: Rule<{ url: string; tls?: object }> = {
  rule: "!has(self.tls) || self.url.startsWith('rediss://')",
  message: 'redis.tls needs an encrypted connection: write redis.url with rediss://, or remove redis.tls',
  holds: ({ url, tls }) => tls === undefined || url.startsWith('rediss://'),
};

/** Where the streams of the worker live and how to log in. */
export const redis = withRules(
  z.object({
    url: withRules(text(512), inOrder('redis.url must be redis://host[:port][/database]', noCredentials, redisAddress))
      .describe('redis://host[:port][/database], rediss:// for TLS; never with credentials.'),
    username: withRules(
      text(256),
      matches(
        '^[^\\x00-\\x20\\x7f]+$',
        'redis.username must be the name of an ACL user, which holds no spaces and no control characters',
      ),
    ).exactOptional().describe("ACL user; Redis' default user when absent."),
    passwordSecretRef: keyRef().exactOptional().describe('Secret key that holds the password.'),
    tls: z
      .object({
        caSecretRef: keyRef().exactOptional().describe(
          "Secret key that holds the PEM certificates to trust; the system's when absent.",
        ),
        serverName: text(253).exactOptional().describe(
          "Name the server's certificate must carry; the host of the url when absent.",
        ),
      })
      .exactOptional()
      .describe('How the server of a rediss:// url is verified.'),
  }),
  tlsNeedsScheme,
);
