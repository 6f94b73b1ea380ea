/** Computes, and replies. */
import type { Template } from './template.ts';

export const handler: Template = {
  about: 'replies to a request by what it computes',
  data: '{"name":"Ada"}',
  modules: (name) => ({
    [`${name}.ts`]: `import { type Handler, Reply } from 'redisworker';

const greet: Handler<{ name?: string }> = ({ data }, { log }) => {
  if (!data?.name) throw new Reply(400, 'data.name must be the name of whom to greet');
  log.info('greeted', { name: data.name });
  return { greeting: \`Hello, \${data.name}!\` };
};

export default greet;
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
`,
  cases: () =>
    `  - name: greets by name
    data: { name: Ada }
    expect:
      data: { greeting: 'Hello, Ada!' }
  - name: asks for a name
    data: {}
    expect:
      code: 400
      err: data.name must be the name of whom to greet
`,
};
