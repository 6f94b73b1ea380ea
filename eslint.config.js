import { globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Key literals (`x:h`, `res:…`, `…:req:x`) live in contract/keys.ts alone. */
const keyLiteral = '/^(res|req):$|(?<![>*]):(req|res|dead):x|:retry:z|^:h$/';
const keyRules = [
  { selector: `Literal[value=${keyLiteral}]`, message: 'Redis keys come from contract/keys.ts.' },
  { selector: `TemplateElement[value.raw=${keyLiteral}]`, message: 'Redis keys come from contract/keys.ts.' },
];
const environmentRule = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message:
    'The environment is read in config.ts of operator/, its cluster/kubernetes/ and the programs code/resolve-*.ts, or in cli/ alone.',
};
/** Of the domain, only apply/ writes. */
const writeRules = [
  {
    selector:
      "CallExpression[callee.object.property.name='cluster'][callee.property.name=/^(apply|applyStatus|patch|delete)$/]",
    message: 'Only apply/ writes: objects, and the status.',
  },
  {
    selector: "CallExpression[callee.object.name='cluster'][callee.property.name=/^(apply|applyStatus|patch|delete)$/]",
    message: 'Only apply/ writes: objects, and the status.',
  },
  {
    selector:
      'ImportSpecifier[imported.name=/^(writeConfigHash|deleteConfigHash|releaseConfigHash|clearStalePid|ensureGroup|destroyGroup|deleteConsumer|handOver)$/]',
    message: 'Only apply/ writes to Redis, and what it calls in work/.',
  },
];
const restricted = (...rules) => ({ 'no-restricted-syntax': ['error', ...rules] });

export default tseslint.config(
  globalIgnores([
    'node_modules',
    'lib',
    'bench/peers',
    'examples', // what users copy is linted by Deno, and checked when it runs
    'coverage',
    '**/*.js',
    '**/*.cjs',
    '**/*_test.ts',
    'worker/testing',
    'broker/testing',
  ]),
  {
    // Deno checks and lints worker/ and broker/ by itself; here only the keys are looked at.
    files: ['worker/**/*.ts', 'broker/**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    rules: restricted(...keyRules),
  },
  { ignores: ['worker/**', 'broker/**'], extends: [tseslint.configs.strictTypeChecked] },
  {
    ignores: ['worker/**', 'broker/**'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      complexity: ['error', 18],
      'max-depth': ['error', 3],
      'max-params': ['error', 5],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreUsingDeclarations: true }],
    },
  },
  {
    files: ['operator/**/*.ts', 'client/**/*.ts', 'cli/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: restricted(...keyRules, environmentRule),
  },
  {
    files: ['operator/redisworker/**/*.ts'],
    ignores: ['**/*.test.ts', 'operator/redisworker/apply/**', 'operator/redisworker/work/*/writes.ts'],
    rules: restricted(...keyRules, environmentRule, ...writeRules),
  },
  // The code of a new worker is a text here: it has keys of its own.
  { files: ['cli/init/templates/*.ts'], rules: restricted(environmentRule) },
  // Where a kubeconfig is looked for, and whether this is a pod, is the environment's to say.
  // The resolver of code is a program of its own, on a laptop and in a Job.
  {
    files: ['operator/config.ts', 'operator/cluster/kubernetes/config.ts', 'operator/code/resolve-*.ts'],
    rules: restricted(...keyRules),
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
