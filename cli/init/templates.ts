/** What a new worker begins with. Pure. */

/** The texts that differ between kinds of workers. */
interface Template {
  readonly about: string;
  /** The module. */
  readonly code: string;
  /** Lines of the spec beside `source`, indented. */
  readonly spec: string;
  /** The data of a request that succeeds without anything else, as JSON. */
  readonly data: string;
  /** Cases of the test spec, indented. */
  readonly cases: string;
}

/** The kinds. */
export const templates = {
  handler: {
    about: 'replies to a request by what it computes',
    code: `import { type Handler, Reply } from 'redisworker';

const greet: Handler<{ name?: string }> = ({ data }, { log }) => {
  if (!data?.name) throw new Reply(400, 'data.name must be the name of whom to greet');
  log.info('greeted', { name: data.name });
  return { greeting: \`Hello, \${data.name}!\` };
};

export default greet;
`,
    spec: '',
    data: '{"name":"Ada"}',
    cases: `  - name: greets by name
    data: { name: Ada }
    expect:
      data: { greeting: 'Hello, Ada!' }
  - name: asks for a name
    data: {}
    expect:
      code: 400
      err: data.name must be the name of whom to greet
`,
  },
  http: {
    about: 'asks a host on the network, which its permissions name',
    code: `import { type Handler, Reply } from 'redisworker';

/** spec.permissions.net opens this host, and no other. */
const host = 'https://example.com';

const look: Handler<{ path?: string }> = async ({ data }, { signal }) => {
  if (!data?.path?.startsWith('/')) throw new Reply(400, 'data.path must begin with /');
  const answer = await fetch(\`\${host}\${data.path}\`, { signal });
  return { status: answer.status, type: answer.headers.get('content-type') };
};

export default look;
`,
    spec: `  permissions:
    net: ['example.com:443']
`,
    data: '{"path":"/"}',
    cases: `  - name: asks for a path
    data: { path: elsewhere }
    expect:
      code: 400
      err: data.path must begin with /
`,
  },
} as const satisfies Record<string, Template>;

export type TemplateName = keyof typeof templates;

/** The folder for the files of the program itself: types and schemas for editors. */
export const ownFolder = '.redisworker';

/** The files of a new worker, by path in its folder. @param types path of the runtime's types in that folder */
export function filesOf(name: string, kind: TemplateName, types: string): ReadonlyMap<string, string> {
  const { code, spec, cases } = templates[kind];
  return new Map([
    [`${name}.ts`, code],
    [
      `${name}.yaml`,
      `# yaml-language-server: $schema=${ownFolder}/manifest.schema.json
apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: ${name}
spec:
  source:
    file: ${name}.ts
${spec}`,
    ],
    [
      `${name}.test.yaml`,
      `# yaml-language-server: $schema=${ownFolder}/spec.schema.json
worker: ${name}.yaml
type: ${name}
cases:
${cases}`,
    ],
    ['deno.json', `${JSON.stringify({ imports: { redisworker: `./${types}` } }, null, 2)}\n`],
    [
      'kustomization.yaml',
      `# For a cluster, which reads no disk: the module goes there as a ConfigMap. It has to be one file.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ${name}.yaml
configMapGenerator:
  - name: ${name}-code
    files:
      - ${name}.ts
generatorOptions:
  disableNameSuffixHash: true # another module in it rolls the pods
patches:
  - target:
      kind: RedisWorker
      name: ${name}
    patch: |
      - op: replace
        path: /spec/source
        value:
          configMap:
            name: ${name}-code
            key: ${name}.ts
`,
    ],
  ]);
}
