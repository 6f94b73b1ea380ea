/** Puts values in the place of their names in braces. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.trimEnd().replaceAll(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
}
