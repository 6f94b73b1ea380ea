/** Which questions a login may ask, by its own ACL rules: what is not allowed is not tried, and so in no server's log. Pure. */

/** Questions, with the categories of ACL rules they are in. */
const categories = {
  'acl|dryrun': ['admin', 'slow', 'dangerous'],
  'acl|getuser': ['admin', 'slow', 'dangerous'],
  'cluster|info': ['slow'],
  'config|get': ['admin', 'slow', 'dangerous'],
  'discard': ['fast', 'transaction'],
  'info': ['slow', 'dangerous'],
  'multi': ['fast', 'transaction'],
  'time': ['fast'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A command the doctor asks with, as ACL rules write it. */
export type Question = keyof typeof categories;

/** True when the rules allow the question. @param rules as `-@all +info`; undefined when they are not known */
export function mayAsk(rules: string | undefined, question: Question): boolean {
  if (rules === undefined) return true;
  const [command = ''] = question.split('|');
  const names = ['@all', command, question, ...categories[question].map((category) => `@${category}`)];
  const last = rules.split(' ').findLast((rule) => names.includes(rule.slice(1)));
  return last?.startsWith('+') === true;
}
