/** Whether a key matches a pattern as Redis reads it: `*`, `?`, `[abc]`, `[^a-c]`, and `\` ahead of what means itself. Pure. */

/** True when it does. */
export function matchesPattern(key: string, pattern: string): boolean {
  return regExpOf(pattern).test(key);
}

const made = new Map<string, RegExp>();

function regExpOf(pattern: string): RegExp {
  const known = made.get(pattern);
  if (known) return known;
  const source = pattern.replace(
    /\\(.)|\[(\^?)((?:\\.|[^\]\\])*)\]|([*?])|([^*?])/gs,
    (_all, escaped?: string, not?: string, set?: string, wild?: string, plain?: string) => {
      if (escaped !== undefined) return literal(escaped);
      if (set !== undefined) return `[${not ?? ''}${set.replaceAll('[', '\\[')}]`;
      return wild === undefined ? literal(plain ?? '') : wild === '*' ? '.*' : '.';
    },
  );
  const regExp = new RegExp(`^${source}$`, 's');
  made.set(pattern, regExp);
  return regExp;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
