/** `spec.redis`: the Redis of a worker, when it is not the operator's own. */
import { z } from 'zod';
import { tlsVersions } from '../../../contract/redis-tls.ts';
import { keyRef, objectName, portPattern, text } from '../bounded.ts';
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

/** The last label begins with a letter, so that it is no address: certificates are not asked for those by this name. */
const dnsName = matches(
  '^([A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?\\.)*[A-Za-z]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$',
  'redis.tls.serverName must be the DNS name the certificate carries, such as cache.example.com',
);

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
          "Secret key that holds the PEM certificates to trust, and no others; the system's when absent.",
        ),
        certSecretRef: z.object({ name: objectName().describe('Name of the Secret, in the namespace of the worker.') })
          .exactOptional()
          .describe('Secret of type kubernetes.io/tls whose tls.crt and tls.key are shown to a server that asks.'),
        serverName: withRules(text(253), dnsName).exactOptional().describe(
          "Name the server's certificate must carry; the host of the url when absent.",
        ),
        minVersion: z.enum(tlsVersions).exactOptional().describe('Lowest version of TLS to speak; 1.2 when absent.'),
      })
      .exactOptional()
      .describe('How the server of a rediss:// url is verified.'),
  }),
  tlsNeedsScheme,
);
