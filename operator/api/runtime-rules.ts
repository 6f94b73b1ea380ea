/** Which parts of a spec go with which runtime. */
import type { Rule } from './rules.ts';

/** What of a worker decides which parts of a spec its runtime has a use for. */
export interface Runs {
  readonly spec: {
    readonly runtime: string;
    readonly source?: object;
    readonly tasks?: object;
    readonly stream?: object;
    readonly handler?: object;
    readonly secretRef?: object;
    readonly telemetry?: object;
    readonly permissions: { readonly env: readonly string[] };
    readonly denoOptions: readonly string[];
  };
}

export const tasksFitRuntime: Rule<Runs> = {
  rule: "(self.spec.runtime == 'Rhai') == has(self.spec.tasks)",
  message:
    'runtime Rhai and spec.tasks belong together: give spec.tasks with its circlePublicKey to runtime Rhai, and to no other',
  field: ['spec', 'tasks'],
  holds: ({ spec: { runtime, tasks: given } }) => (runtime === 'Rhai') === (given !== undefined),
};

export const noRequestsBesideTasks: Rule<Runs> = {
  rule: "self.spec.runtime != 'Rhai' || !(has(self.spec.stream) || has(self.spec.handler))",
  message:
    'spec.stream and spec.handler are about requests in a stream: under runtime Rhai spec.tasks says it all, remove them',
  field: ['spec', 'runtime'],
  holds: ({ spec: { runtime, stream: streams, handler: how } }) =>
    runtime !== 'Rhai' || (streams === undefined && how === undefined),
};

export const preludeIsText: Rule<Runs> = {
  rule:
    "self.spec.runtime != 'Rhai' || !has(self.spec.source) || has(self.spec.source.inline) || has(self.spec.source.configMap) || has(self.spec.source.file)",
  message: 'the source of runtime Rhai is a text in Rhai: give it in source.inline, source.configMap or source.file',
  field: ['spec', 'source'],
  holds: ({ spec: { runtime, source: given } }) =>
    runtime !== 'Rhai' || given === undefined || 'inline' in given || 'configMap' in given || 'file' in given,
};

export const preludeFileIsRhai: Rule<Runs> = {
  rule:
    "!has(self.spec.source) || !has(self.spec.source.file) || (self.spec.runtime == 'Rhai') == self.spec.source.file.endsWith('.rhai')",
  message:
    'a source.file whose name ends with .rhai is a prelude of runtime Rhai, which takes no other file: rename it, or change the runtime',
  field: ['spec', 'source'],
  holds: ({ spec: { runtime, source: given = {} } }) => {
    const { file } = given as { readonly file?: string };
    return file === undefined || (runtime === 'Rhai') === file.endsWith('.rhai');
  },
};

export const nothingScriptsCannotHave: Rule<Runs> = {
  rule:
    "self.spec.runtime != 'Rhai' || (!has(self.spec.secretRef) && !has(self.spec.telemetry) && size(self.spec.permissions.env) == 0 && size(self.spec.denoOptions) == 0)",
  message:
    'secretRef, telemetry, permissions.env and denoOptions are for code that Deno runs, and Rhai scripts have none of them: remove them',
  field: ['spec', 'runtime'],
  holds: ({ spec: { runtime, secretRef, telemetry: told, permissions: { env }, denoOptions: options } }) =>
    runtime !== 'Rhai' ||
    (secretRef === undefined && told === undefined && env.length === 0 && options.length === 0),
};

interface Recording {
  readonly spec: {
    readonly runtime: string;
    readonly stream?: { readonly replies: string; readonly responses: string };
  };
}

export const scriptsWriteTheirRecords: Rule<Recording> = {
  rule:
    "self.spec.runtime != 'Script' || !has(self.spec.stream) || (self.spec.stream.replies == 'Enabled' && self.spec.stream.responses == 'All')",
  message:
    'a Script writes its replies and responses itself, so stream.replies and stream.responses have no say under runtime Script: remove them',
  field: ['spec', 'stream'],
  holds: ({ spec: { runtime, stream: streams } }) =>
    runtime !== 'Script' || streams === undefined ||
    (streams.replies === 'Enabled' && streams.responses === 'All'),
};

interface Running {
  readonly spec: {
    readonly runtime: string;
    readonly source?: unknown;
    readonly hats?: unknown;
    readonly modules?: readonly unknown[];
    readonly stream?: unknown;
    readonly handler?: unknown;
    readonly consumers: { readonly autoscale?: unknown };
  };
}

/** Each runtime has one kind of work, with the fields that belong to it. */
export const sourceFitsRuntime: Rule<Running> = {
  rule: "self.spec.runtime == 'Rhai' || has(self.spec.source) == !(self.spec.runtime in ['Hats', 'Modules'])",
  message:
    'spec.source is what runtimes Handler and Script need, Rhai may have, and Hats and Modules have not: give it, or remove it and name scripts in spec.hats and modules in spec.modules',
  field: ['spec', 'source'],
  holds: ({ spec: { runtime, source: given } }) =>
    runtime === 'Rhai' || (given !== undefined) === !['Hats', 'Modules'].includes(runtime),
};

export const hatsFitsRuntime: Rule<Running> = {
  rule: "has(self.spec.hats) == (self.spec.runtime == 'Hats')",
  message: 'spec.hats and runtime Hats belong together: give both, or neither',
  field: ['spec', 'hats'],
  holds: ({ spec: { runtime, hats: given } }) => (given !== undefined) === (runtime === 'Hats'),
};

export const hatsHasNoStream: Rule<Running> = {
  rule:
    "self.spec.runtime != 'Hats' || (!has(self.spec.stream) && !has(self.spec.handler) && !has(self.spec.consumers.autoscale))",
  message:
    'runtime Hats reads no stream of requests: remove spec.stream and spec.handler, and give consumers.count or consumers.ids in place of consumers.autoscale',
  field: ['spec', 'runtime'],
  holds: ({ spec: { runtime, stream: streams, handler: how, consumers: { autoscale } } }) =>
    runtime !== 'Hats' || [streams, how, autoscale].every((given) => given === undefined),
};

export const endpointsNeedHttp: Rule<
  { readonly spec: { readonly http?: unknown; readonly hats?: { readonly endpoints: readonly unknown[] } } }
> = {
  rule: '!has(self.spec.hats) || size(self.spec.hats.endpoints) == 0 || has(self.spec.http)',
  message: 'hats.endpoints answer over HTTP: say by spec.http who may call them, {} for the pods of the same namespace',
  field: ['spec', 'http'],
  holds: ({ spec: { http, hats } }) => hats === undefined || hats.endpoints.length === 0 || http !== undefined,
};

/** Runtimes whose pods listen. */
const listening = ['Hats', 'Modules'];

export const httpFitsRuntime: Rule<{ readonly spec: { readonly runtime: string; readonly http?: unknown } }> = {
  rule: `!has(self.spec.http) || self.spec.runtime in [${listening.map((name) => `'${name}'`).join(', ')}]`,
  message: `spec.http is for runtimes whose pods answer over HTTP, ${
    listening.join(' and ')
  }: remove it, or have requests sent to the stream`,
  field: ['spec', 'http'],
  holds: ({ spec: { runtime, http } }) => http === undefined || listening.includes(runtime),
};

export const modulesFitRuntime: Rule<Running> = {
  rule: "(has(self.spec.modules) && size(self.spec.modules) > 0) == (self.spec.runtime == 'Modules')",
  message: 'spec.modules and runtime Modules belong together: give the runtime and one module at least, or neither',
  field: ['spec', 'modules'],
  holds: ({ spec: { runtime, modules: given = [] } }) => (given.length > 0) === (runtime === 'Modules'),
};

interface OfOneModule {
  readonly spec: {
    readonly runtime: string;
    readonly secretRef?: object;
    readonly redis?: { readonly keys?: readonly string[]; readonly channels?: readonly string[] };
    readonly denoOptions: readonly string[];
    readonly permissions: { readonly allowAllNet: string };
  };
}

/** What one module is given is not given to all of them. */
export const nothingModulesCannotHave: Rule<OfOneModule> = {
  rule:
    "self.spec.runtime != 'Modules' || (!has(self.spec.secretRef) && size(self.spec.denoOptions) == 0 && self.spec.permissions.allowAllNet == 'Denied' && (!has(self.spec.redis) || (!has(self.spec.redis.keys) && !has(self.spec.redis.channels))))",
  message:
    'secretRef, denoOptions, redis.keys, redis.channels and permissions.allowAllNet are for workers of one module: under runtime Modules remove them, and give each module what it may in its own permissions',
  field: ['spec', 'runtime'],
  holds: ({ spec: { runtime, secretRef, redis, denoOptions: options, permissions: { allowAllNet } } }) =>
    runtime !== 'Modules' ||
    (secretRef === undefined && options.length === 0 && allowAllNet === 'Denied' && redis?.keys === undefined &&
      redis?.channels === undefined),
};
