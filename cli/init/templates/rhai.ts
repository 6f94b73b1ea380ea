/** Tasks in Rhai with a prelude. examples/rhai.yaml is made by it. */
import type { Template } from './template.ts';

export const rhai: Template = {
  about: 'runs scripts in Rhai that come as tasks in a list',
  data: 'gross(10.0)',
  modules: () => ({}),
  manifest: (name) =>
    `# Tasks in a Redis list, each a Rhai script of its own; what is below is there for all of them.
apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: ${name}
spec:
  runtime: Rhai
  source:
    inline: |
      const VAT = 0.2;

      /// What a net price comes to.
      fn gross(net) {
          net * (1.0 + global::VAT)
      }

      /// Prices that the shop keeps in Redis.
      fn price(item) {
          let found = redis_get("shop:price:" + item);
          if found == () {
              throw \`there is no price for \${item}\`;
          }
          parse_float(found)
      }
  tasks:
    circlePublicKey: 02a1b2c3
    timeoutSeconds: 10
    keepSeconds: 86400
  redis:
    keys: ['shop:*']
`,
};
