/** What the spec says of modules, resolved. Their requests are of another kind of work, which this one is laid over. Pure. */
import { resourceOf } from '../../../../contract/config-hash.ts';
import {
  type DeclaredModule,
  declaredModulesKey,
  type ModulesSettings,
  moduleStatesKey,
} from '../../../../contract/modules.ts';
import { counted } from '../../../counted.ts';
import type { RedisWorker } from '../../../api/redisworker.ts';
import { canonicalScope, formatScope, parseScope } from '../../network/allow-net/canonical.ts';
import { uncovered } from '../../network/allow-net/covers.ts';
import { denoDenyFlag } from '../../network/allow-net/deno-flags.ts';
import type { Scope } from '../../network/allow-net/entry.ts';
import { type Problem, terminal } from '../../model/problem.ts';
import type { WorkBlueprint, WorkSurroundings } from '../../model/work.ts';

/** A module as the manifest declares it: its text may still have to be read. */
export interface SpecModule {
  readonly name: string;
  readonly source: GivenModule['source'];
  readonly declared: Omit<DeclaredModule, 'source' | 'bundle'>;
}

/** The modules of a worker, and the work their requests come from. */
export interface ModulesBlueprint extends WorkBlueprint {
  readonly kind: 'modules';
  readonly settings: WorkBlueprint['settings'] & Pick<ModulesSettings, 'declared' | 'states'>;
  readonly requests: WorkBlueprint;
  readonly modules: readonly SpecModule[];
  /** Whose they are: `<namespace>/<name>/<uid>`. */
  readonly resource: string;
}

type GivenModule = NonNullable<RedisWorker['spec']['modules']>[number];

/** Lays the modules of a worker over the work its requests come from. */
export function modulesBlueprint(
  { metadata: { namespace = 'default', name, uid = '' }, spec: { modules = [], permissions } }: RedisWorker,
  { prefix, net, memoryMiB }: WorkSurroundings,
  requests: WorkBlueprint,
): ModulesBlueprint {
  const scopes = new Map(modules.map((module) => [module.name, scopeOf(module)]));
  const threads = modules.filter(({ isolation }) => isolation === 'Worker');
  return {
    ...requests,
    kind: 'modules',
    requests,
    resource: resourceOf(namespace, name, uid),
    modules: modules.map((module) => resolved(module, scopes.get(module.name) ?? [], net.deny)),
    resolved: counted(modules.length, 'module'),
    texts: modules.flatMap(({ name: module, source }) =>
      Object.keys(source).filter((kind) => kind !== 'inline').map((kind) => ({
        source,
        field: `spec.modules.${module}.source.${kind}`,
      }))
    ),
    net: {
      scope: canonicalScope([...scopes.values()].flat()),
      ofRuntime: canonicalScope(threads.flatMap((module) => scopes.get(module.name) ?? [])),
    },
    problems: [
      ...(requests.problems ?? []),
      ...modules.flatMap((module) => permissionProblems(module, net.scope, permissions.env)),
      ...modules.flatMap((module) => callProblems(module, modules)),
      ...threads.flatMap(({ name: module }) => rangeProblems(module, scopes.get(module) ?? [])),
      ...memoryProblems(modules, memoryMiB),
    ],
    settings: { ...requests.settings, declared: declaredModulesKey(prefix), states: moduleStatesKey(prefix) },
  };
}

function resolved(module: GivenModule, scope: Scope, deny: Scope): SpecModule {
  const { name, source, permissions, isolation, idleSeconds, concurrency, timeoutSeconds, mayCall } = module;
  return {
    name,
    source,
    declared: {
      isolation,
      net: formatScope(scope),
      denyNet: denoDenyFlag(scope, deny),
      env: permissions.env,
      idleSeconds,
      concurrency,
      timeoutSeconds,
      mayCall,
    },
  };
}

function scopeOf({ permissions: { net } }: GivenModule): Scope {
  const parsed = parseScope(net);
  return parsed.ok ? parsed.scope : [];
}

/** What a module may is a part of what the worker may. */
function permissionProblems(module: GivenModule, scope: Scope, env: readonly string[]): Problem[] {
  const parsed = parseScope(module.permissions.net);
  const wrong = parsed.ok ? [] : parsed.problems.map((text) => `spec.modules.${module.name}.permissions.net: ${text}`);
  const more = formatScope(uncovered(scopeOf(module), scope)).map((entry) =>
    `spec.modules.${module.name}.permissions.net has ${entry}, which spec.permissions.net does not allow the worker: add it there, or take it away here`
  );
  const variables = module.permissions.env.filter((name) => !env.some((one) => coversName(one, name))).map((name) =>
    `spec.modules.${module.name}.permissions.env has ${name}, which spec.permissions.env does not allow the worker: add it there, or take it away here`
  );
  return [
    ...wrong.map((text) => terminal('InvalidAllowNet', text)),
    ...[...more, ...variables].map((text) => terminal('InvalidSpec', text)),
  ];
}

function coversName(outer: string, inner: string): boolean {
  return outer === inner || (outer.endsWith('*') && inner.startsWith(outer.slice(0, -1)));
}

/** Deno gives a thread no range of addresses, even where the process has it. */
function rangeProblems(module: string, scope: Scope): Problem[] {
  return formatScope(scope.filter(({ kind }) => kind === 'cidr')).map((entry) =>
    terminal(
      'InvalidSpec',
      `spec.modules.${module}.permissions.net has the range ${entry}, which Deno gives no thread: use isolation Process, or list the addresses`,
    )
  );
}

function callProblems({ name, mayCall }: GivenModule, modules: readonly GivenModule[]): Problem[] {
  const names = new Set(modules.map((one) => one.name));
  return mayCall.filter((call) => !names.has(call.split('.', 1)[0] ?? '')).map((call) =>
    terminal(
      'InvalidSpec',
      `spec.modules.${name}.mayCall has ${call}, and there is no such module: add it, or take it away`,
    )
  );
}

/** MiB the runtime itself takes, and a process of a module at rest. */
const besideModulesMiB = 64;
const processMiB = 32;

/** A pod that is ended for its memory takes the requests of all modules with it. */
function memoryProblems(modules: readonly GivenModule[], memoryMiB: number): Problem[] {
  const processes = modules.filter(({ isolation }) => isolation === 'Process').length;
  const needed = besideModulesMiB + processes * processMiB;
  return needed <= memoryMiB ? [] : [
    terminal(
      'InvalidSpec',
      `${processes} modules with a process of ${processMiB} MiB each and the ${besideModulesMiB} MiB beside them do not fit into the ${memoryMiB} MiB of the pod: raise spec.pod.resources.limits.memory to ${needed}Mi`,
    ),
  ];
}
