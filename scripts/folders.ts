/** The folders of the project's code: what is formatted, linted and held to the rules of imports. */
export const folders = [
  'contract',
  'operator',
  'client',
  'cli',
  'charts',
  'worker',
  'broker',
  'images',
  'package',
  'page',
  'test',
  'scripts',
  'bench',
] as const;
