/** One entry of `permissions.net`: what Deno takes, less what it takes and never matches. */
import { portPattern, text, upTo } from '../bounded.ts';
import { either, inOrder, matches, never, withRules } from '../rules.ts';

const byte = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const ipv4 = `(${byte}[.]){3}${byte}`;
const label = '[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?';
const hostName = `([*][.])?(${label}[.])*${label}[.]?`;
const ipv6 = '\\[[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\\]';

/** One host as part of a pattern: an IP address, IPv6 in brackets, or a name. */
export const hostPattern = `(${ipv6}|${ipv4}|(${label}[.])*${label}[.]?)`;

const oneHost = never('[\\s,]', 'must be one host without spaces and commas: write one list item per host');
const noUrl = never('://', 'must be host or host:port, not a URL: leave out the scheme and the path');
const noCredentials = matches('^(unix:.*|[^@]*)$', 'must not carry credentials: write host or host:port');
const ascii = matches('^[!-~]*$', 'must be ASCII: write an international name in its punycode form (xn--…)');
/** A path without "//", "." and "..", which Deno compares as text. */
const path = '(/([^/.][^/]*|[.][^/.][^/]*|[.][.][^/]+))+';
const word = upTo(2n ** 32n - 1n);
const socket = either(
  'must name a socket as unix:/absolute/path, without "//", "." and "..", or as vsock:cid:port',
  never('^(unix|vsock):', 'is no socket'),
  inOrder(
    'is a socket',
    matches(`^(unix:${path}|vsock:(-1|${word}):${word})$`, 'is one'),
    never('^vsock:.*:0+$', 'has port 0'),
  ),
);
const rangeOnly = matches(
  `^(unix:/.*|[^/]*|${ipv4}/([0-9]|[12][0-9]|3[0-2])(:[^/]*)?)$`,
  'may have a "/" only in an IPv4 range such as 10.0.0.0/8: leave out the path (Deno knows no IPv6 ranges)',
);
const wildcard = matches(
  '^(unix:.*|[^*]*|[*][.][^*.:]+([.][^*.:]+)+[.]?(:[^*]*)?)$',
  'may have a wildcard only as "*." before a domain of at least two labels, such as *.example.com: list the hosts, or grant everything with permissions.allowAllNet: Granted',
);
const brackets = matches(
  '^(unix:.*|vsock:.*|[^:]*:?[^:]*|\\[[0-9A-Fa-f:.]+\\](:[^:]*)?)$',
  'must have an IPv6 address in brackets, such as [2001:db8::1]:443',
);
const port = matches(
  `^(unix:.*|vsock:-?[0-9]+:[0-9]+|\\[[^\\]]*\\]|[^:]+|.*:${portPattern})$`,
  'must have one port from 1 to 65535 after the ":": leave out the ":" for every port, write one entry per port for some',
);
const host = matches(
  `^(unix:.*|vsock:.*|:.*|(${ipv6}|${ipv4}(/.*)?|${hostName})(:.*)?)$`,
  'must have a host that is a name of labels of letters, digits, "-" and "_" (63 characters each at most), or an IP address',
);
const endsInNumber = '(^|[.])([0-9]+|0[xX][0-9A-Fa-f]*)[.]?(:[0-9]+)?$';
const completeAddress = either(
  'must be a complete IP address of four decimal numbers, such as 127.0.0.1: Deno takes 127.1 and 010.0.0.1 for names, which no request carries',
  matches(`^(unix:.*|${ipv4}(:.*)?)$`, 'is an IPv4 address'),
  never(endsInNumber, 'does not look like one'),
);

/** The message tells of the first broken rule alone: a URL breaks nearly all of them. */
export const netEntry = withRules(
  text(256),
  inOrder(
    'must be a host, host:port, *.domain, IP address or IPv4 range',
    oneHost,
    noUrl,
    noCredentials,
    ascii,
    socket,
    rangeOnly,
    wildcard,
    brackets,
    port,
    host,
    completeAddress,
  ),
);
