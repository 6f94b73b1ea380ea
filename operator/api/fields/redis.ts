/** `spec.redis`: the Redis of a worker, when it is not the operator's own. */
import { z } from 'zod';
import { tlsVersions } from '../../../contract/redis-tls.ts';
import { keyRef, objectName, portPattern, setOf, text } from '../bounded.ts';
import { inOrder, matches, never, type Rule, withRules } from '../rules.ts';

interface Servers {
  readonly url?: string;
  readonly urls?: readonly string[];
  readonly sentinel?: object;
  readonly cluster?: string;
  readonly username?: string;
  readonly passwordSecretRef?: object;
  readonly tls?: object;
  readonly keys?: readonly string[];
  readonly channels?: readonly string[];
}

const address = (subject: string) =>
  withRules(
    text(512),
    inOrder(
      `${subject} must be redis://host[:port][/database]`,
      never(
        '@',
        `${subject} must not carry credentials: put the user into redis.username and the password into a Secret named by redis.passwordSecretRef`,
      ),
      matches(
        `^rediss?://([-A-Za-z0-9_.]+|\\[[0-9A-Fa-f:.]+\\])(:${portPattern})?(/[0-9]{0,5})?$`,
        `${subject} must be redis://host[:port][/database], or rediss:// for TLS`,
      ),
    ),
  );

const aclUser = (field: string) =>
  withRules(
    text(256),
    matches(
      '^[^\\x00-\\x20\\x7f]+$',
      `${field} must be the name of an ACL user, which holds no spaces and no control characters`,
    ),
  );

/** All servers that are named, as CEL and here. */
const servers = {
  cel: '(has(self.urls) ? self.urls : has(self.url) ? [self.url] : [])',
  of: ({ url, urls }: Servers): readonly string[] => urls ?? (url === undefined ? [] : [url]),
};
/** What follows the port, slash included. */
const databasePattern = '[^/]/[0-9]*$';
const databaseOf = (url: string): string => new RegExp(databasePattern).exec(url)?.[0].slice(1) ?? '';

const urlOrUrls: Rule<Servers> = {
  rule: '!has(self.url) || !has(self.urls)',
  message: 'redis.url names one server and redis.urls several: give one of the two',
  holds: ({ url, urls }) => url === undefined || urls === undefined,
};

/** Without a URL it is the operator's Redis, of which an author has nothing to say but what his code may touch there. */
const ownNeedsUrl: Rule<Servers> = {
  rule:
    `size(${servers.cel}) > 0 || !(has(self.username) || has(self.passwordSecretRef) || has(self.tls) || has(self.sentinel) || has(self.cluster))`,
  message:
    "redis has a login, tls, sentinel or cluster and names no server: give redis.url or redis.urls, or remove them to use the operator's Redis",
  holds: (redis) =>
    servers.of(redis).length > 0 ||
    !(['username', 'passwordSecretRef', 'tls', 'sentinel', 'cluster'] as const).some((field) => field in redis),
};

/** On a Redis of the author's own the login he gives says what it may. */
const openOnDefault: Rule<Servers> = {
  rule: `size(${servers.cel}) == 0 || !(has(self.keys) || has(self.channels))`,
  message:
    "redis.keys and redis.channels open something of the operator's Redis: remove them, and give the login of your own Redis these rights",
  holds: (redis) => servers.of(redis).length === 0 || (redis.keys === undefined && redis.channels === undefined),
};

/** The pattern of keys or channels: what no shell and no log can show is kept out, and nothing opens everything. */
const openPattern = (field: string) =>
  withRules(
    text(256),
    inOrder(
      `${field} must be patterns`,
      matches(
        '^[!#-&(-Z^-~]+$',
        `${field} must be printable ASCII without spaces, quotes, brackets and backslashes; of a pattern only * and ? are known`,
      ),
      never('^[*?]', `${field} must begin with what they have in common, as in cache:*, and not with * or ?`),
    ),
  );

const keyPattern = withRules(
  openPattern('redis.keys'),
  never(
    '^(r|re|res|req)?[*?]|^r[*?]|^re[sq]:',
    'redis.keys must not match replies and traces, which begin with "res:" and "req:" and are other callers\' as well',
  ),
);

const oneTopology: Rule<Servers> = {
  rule: '!has(self.sentinel) || !has(self.cluster)',
  message: 'redis.sentinel and redis.cluster are two ways to keep data on several servers: give one of the two',
  holds: ({ sentinel, cluster }) => sentinel === undefined || cluster === undefined,
};

const severalNeedTopology: Rule<Servers> = {
  rule: `size(${servers.cel}) <= 1 || has(self.sentinel) || has(self.cluster)`,
  message:
    'redis.urls names several servers, which only Sentinels and the nodes of a Cluster are: add redis.sentinel or redis.cluster, or name one',
  holds: (redis) => servers.of(redis).length <= 1 || redis.sentinel !== undefined || redis.cluster !== undefined,
};

const sameScheme: Rule<Servers> = {
  rule:
    `${servers.cel}.all(url, url.startsWith('rediss://')) || !${servers.cel}.exists(url, url.startsWith('rediss://'))`,
  message: 'redis.urls must all begin with redis://, or all with rediss:// for TLS',
  holds: (redis) => new Set(servers.of(redis).map((url) => url.startsWith('rediss://'))).size <= 1,
};

const sameDatabase: Rule<Servers> = {
  rule:
    `${servers.cel}.all(url, url.find(r'${databasePattern}').find('/.*') == ${servers.cel}[0].find(r'${databasePattern}').find('/.*'))`,
  message: 'redis.urls must all end in the same database number, or all without one',
  holds: (redis) => new Set(servers.of(redis).map(databaseOf)).size <= 1,
};

const clusterHasOneDatabase: Rule<Servers> = {
  rule: `!has(self.cluster) || !${servers.cel}.exists(url, url.matches(r'[^/]/0*[1-9][0-9]*$'))`,
  message: 'a Redis Cluster has database 0 alone: remove the database number from redis.url or redis.urls',
  holds: (redis) => redis.cluster === undefined || servers.of(redis).every((url) => !/[^/]\/0*[1-9][0-9]*$/.test(url)),
};

const tlsNeedsScheme: Rule<Servers> = {
  rule: `!has(self.tls) || ${servers.cel}.all(url, url.startsWith('rediss://'))`,
  message: 'redis.tls needs an encrypted connection: write redis.url with rediss://, or remove redis.tls',
  holds: (redis) => redis.tls === undefined || servers.of(redis).every((url) => url.startsWith('rediss://')),
};

/** The last label begins with a letter, so that it is no address: certificates are not asked for those by this name. */
const dnsName = matches(
  '^([A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?\\.)*[A-Za-z]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$',
  'redis.tls.serverName must be the DNS name the certificate carries, such as cache.example.com',
);

/** Where the streams of the worker live and how to log in. */
export const redis = withRules(
  z.object({
    url: address('redis.url').exactOptional().describe(
      'redis://host[:port][/database], rediss:// for TLS; never with credentials.',
    ),
    urls: setOf(address('each of redis.urls'), 16).exactOptional().describe(
      'In place of url: each Sentinel, or some nodes of a Cluster. Sentinels listen on port 26379 when none is given.',
    ),
    sentinel: z
      .object({
        masterName: withRules(
          text(255),
          matches(
            '^[-A-Za-z0-9._]+$',
            'redis.sentinel.masterName must be what the Sentinels call the set of servers, in letters, digits, dots, dashes and underscores, such as mymaster',
          ),
        ).describe('What the Sentinels call the set of servers they watch.'),
        username: aclUser('redis.sentinel.username').exactOptional().describe(
          "ACL user at the Sentinels; their default user when absent. The servers' login is never shown to them.",
        ),
        passwordSecretRef: keyRef().exactOptional().describe('Secret key that holds the password for the Sentinels.'),
      })
      .exactOptional()
      .describe('The URLs name Sentinels: whichever server they say is the master is used.'),
    cluster: z.enum(['Enabled']).exactOptional().describe(
      'The URLs name nodes of a Redis Cluster. Keys of the worker then begin with {type} in braces.',
    ),
    username: aclUser('redis.username').exactOptional().describe("ACL user; Redis' default user when absent."),
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
    keys: setOf(keyPattern, 32).exactOptional().describe(
      "Keys, with * and ?, of the operator's Redis that the code may read and write with ordinary commands.",
    ),
    channels: setOf(openPattern('redis.channels'), 32).exactOptional().describe(
      'Channels, with * and ?, that the code may publish to and listen on there.',
    ),
  }),
  inOrder(
    'redis.url or redis.urls must say where the Redis is',
    urlOrUrls,
    ownNeedsUrl,
    openOnDefault,
    oneTopology,
    severalNeedTopology,
    sameScheme,
    sameDatabase,
    clusterHasOneDatabase,
    tlsNeedsScheme,
  ),
);
