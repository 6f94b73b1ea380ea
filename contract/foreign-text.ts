/** What a server says in its own words, for a log or a condition. */

const longest = 200;

/**
 * One line of printable ASCII, at most 200 characters, without a final stop.
 * @param secret is not repeated: servers that do not know a login repeat its arguments
 */
export function quotable(text: string, secret?: string): string {
  const told = secret ? text.replaceAll(secret, '***') : text;
  return told.slice(0, 4 * longest).replace(/\s+/g, ' ').replace(/[^ -~]/g, '?').slice(0, longest).replace(
    /[ .]+$/,
    '',
  );
}
