/** `spec.modules`: the modules that answer requests, each isolated from the others. */
import { z } from 'zod';
import { isolations, mayCallPattern, moduleNamePattern } from '../../../contract/modules.ts';
import { keyRef, listMapOf, setOf, text, whole } from '../bounded.ts';
import { exactlyOneOf, matches, withRules } from '../rules.ts';
import { bundle, file } from './source.ts';

/** Bytes of a module in a manifest; a ConfigMap takes longer ones. */
const maxInline = 65_536;
/** Modules of a worker. */
const maxModules = 32;

const moduleName = withRules(
  text(63),
  matches(
    moduleNamePattern,
    'the name of a module must be lower-case letters, digits and "-", with a letter first, because others import it as ./<name>.ts',
  ),
);

/** Modules have no place of their own on the web: they are few, and read together with the manifest. */
const source = withRules(
  z.object({
    inline: text(maxInline).exactOptional().describe('The module itself, TypeScript or JavaScript, at most 64 KiB.'),
    configMap: keyRef().exactOptional().describe(
      'A ConfigMap key that holds the module; a change reloads that module alone.',
    ),
    file: file.exactOptional().describe(
      'The module on disk, by its path from the manifest: in local mode, where it is bundled with all it imports.',
    ),
    bundle: bundle.exactOptional().describe('The module, bundled with all it imports; at most 1 MiB.'),
  }),
  exactlyOneOf(
    ['inline', 'configMap', 'file', 'bundle'],
    'exactly one of source.inline, source.configMap, source.file and source.bundle must be given: keep the one you mean',
  ),
);

const permissions = z
  .object({
    net: setOf(text(260), 64).default([]).describe(
      'Hosts the module may reach, each of them also allowed by spec.permissions.net.',
    ),
    env: setOf(text(256), 64).default([]).describe(
      'Environment variables the module may read, each of them also allowed by spec.permissions.env.',
    ),
  })
  .prefault({});

const callable = withRules(
  text(192),
  matches(
    mayCallPattern,
    'modules.mayCall must name a module, or one function of it as module.function',
  ),
);

const module = z.object({
  name: moduleName.describe('What requests and other modules call it by.'),
  source: source.describe('The module: exactly one of inline, configMap, file and bundle.'),
  permissions: permissions.describe("What the module may do: a part of the worker's own permissions."),
  isolation: z.enum(isolations).default('Process').describe(
    'Process: a process of its own, for code nobody trusts. Worker: a thread, for modules that may bring each other down.',
  ),
  idleSeconds: whole(1, 86_400).default(300).describe('Seconds without a call after which the module is ended.'),
  concurrency: whole(1, 1024).default(16).describe('Calls of the module that run at once; further ones wait.'),
  timeoutSeconds: whole(1, 86_400).default(30).describe('Seconds a call of the module may take.'),
  mayCall: setOf(callable, 64).default([]).describe(
    'Other modules this one may call: all functions of one, or a single one as module.function.',
  ),
});

/** The modules of a worker. */
export const modules = listMapOf(module, ['name'], maxModules);
