/** A host on the network. examples/http is made by it. */
import type { Template } from './template.ts';

export const http: Template = {
  about: 'asks a host on the network, which its permissions name',
  data: '{"path":"/"}',
  modules: (name) => ({
    [`${name}.ts`]: `/** Asks a host on the network. */
import { type Handler, Reply } from 'redisworker';

/** permissions.net opens this host, and no other. */
const host = 'https://example.com';

const look: Handler<{ path?: string }> = async ({ data }, { signal }) => {
  if (!data?.path?.startsWith('/')) throw new Reply(400, 'data.path must begin with /');
  const answer = await fetch(\`\${host}\${data.path}\`, { signal }); // given up when the time of the request is over
  if (answer.status === 404) throw new Reply(404, \`there is no \${data.path}\`);
  if (!answer.ok) throw new Error(\`\${host} answers with \${answer.status}\`); // another attempt may help
  return { type: answer.headers.get('content-type'), bytes: (await answer.arrayBuffer()).byteLength };
};

export default look;
`,
  }),
  manifest: (name) =>
    `apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: ${name}
spec:
  source:
    file: ${name}.ts
  handler:
    timeoutSeconds: 10
    maxAttempts: 3
  permissions:
    net: ['example.com:443']
`,
  cases: () =>
    `  - name: tells type and size of a page
    data: { path: / }
    expect:
      data: { type: { $matches: ^text/html }, bytes: { $any: number } }
  - name: says that a page is not there
    data: { path: /nowhere }
    expect:
      code: 404
      err: there is no /nowhere
  - name: asks for a path
    data: { path: elsewhere.example }
    expect:
      code: 400
      err: data.path must begin with /
`,
};
