/** What a new worker begins with. Pure. */
import { cron } from './templates/cron.ts';
import { handler } from './templates/handler.ts';
import { http } from './templates/http.ts';
import { postgres } from './templates/postgres.ts';
import { rhai } from './templates/rhai.ts';
import { script } from './templates/script.ts';
import type { Template } from './templates/template.ts';

/** The kinds. */
export const templates = { handler, http, cron, postgres, script, rhai } as const satisfies Record<string, Template>;

export type TemplateName = keyof typeof templates;

/** The folder for the files of the program itself: types and schemas for editors. */
export const ownFolder = '.redisworker';

/** Whether its workers take tasks, which are neither tested by a spec nor written in TypeScript. */
export function takesTasks(kind: TemplateName): boolean {
  const { cases }: Template = templates[kind];
  return cases === undefined;
}

/** Where `build` is to write. */
const builtFolder = 'built';

/** The files of a new worker, by path in its folder. @param types path of the runtime's types in that folder */
export function filesOf(name: string, kind: TemplateName, types: string): ReadonlyMap<string, string> {
  const { modules, manifest, cases, imports }: Template = templates[kind];
  const written = `# yaml-language-server: $schema=${ownFolder}/manifest.schema.json\n${manifest(name)}`;
  if (cases === undefined) return new Map([[`${name}.yaml`, written], ['kustomization.yaml', asItIs(name)]]);
  return new Map([
    ...Object.entries(modules(name)),
    [`${name}.yaml`, written],
    [
      `${name}.test.yaml`,
      `# yaml-language-server: $schema=${ownFolder}/spec.schema.json
worker: ${name}.yaml
type: ${name}
cases:
${cases(name)}`,
    ],
    ['deno.json', `${JSON.stringify({ imports: { redisworker: `./${types}`, ...imports } }, null, 2)}\n`],
    [
      'kustomization.yaml',
      `# For kustomize, Argo CD and Flux: "redisworker build ${name}.yaml -o ${builtFolder}" writes what is named here, again
# whenever the code has changed; with --check it tells in CI when that was forgotten.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ${builtFolder}/${name}.yaml
`,
    ],
  ]);
}

/** A manifest with its code in it needs no build. */
function asItIs(name: string): string {
  return `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ${name}.yaml
`;
}
