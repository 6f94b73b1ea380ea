import { globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Key literals (`x:h`, `res:…`, `…:req:x`) live in contract/keys.ts alone. */
const keyLiteral = '/^(res|req):$|(?<!>):(req|res|dead):x|:retry:z|^:h$/';

export default tseslint.config(
  globalIgnores(['node_modules', 'worker', 'bench/peers', 'coverage', '**/*.js', '**/*.cjs', 'test/worker/**/*_test.ts', 'contract/*_test.ts']),
  tseslint.configs.strictTypeChecked,
  {
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
    files: ['operator/**/*.ts', 'cli/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: `Literal[value=${keyLiteral}]`, message: 'Redis keys come from contract/keys.ts.' },
        { selector: `TemplateElement[value.raw=${keyLiteral}]`, message: 'Redis keys come from contract/keys.ts.' },
        { selector: "MemberExpression[object.name='process'][property.name='env']", message: 'The environment is read in operator/config.ts or cli/ alone.' },
      ],
    },
  },
  { files: ['operator/config.ts'], rules: { 'no-restricted-syntax': 'off' } },
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
