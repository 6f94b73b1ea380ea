/** `spec.source`: where the worker's module comes from. */
import { z } from 'zod';
import { maxSourceBytes, maxSourceParts } from '../../../contract/limits.ts';
import { keyRef, listOf, objectName, setOf, text, whole } from '../bounded.ts';
import { exactlyOneOf, matches, onlyWithOneOf, type Rule, withRules } from '../rules.ts';

const withinBytes: Rule<string> = {
  rule: `size(bytes(self)) <= ${maxSourceBytes}`,
  message:
    'source.inline is larger than 256 KiB: bundle less into it, or keep the module at an address and name it in source.url',
  holds: (module) => new TextEncoder().encode(module).length <= maxSourceBytes,
};

const notBlank = matches(
  '[^\\x00-\\x20]',
  'source.inline holds nothing but blanks: put the module there, such as export default () => 1',
);

const httpAddress = matches(
  '^https?://[^/?#@\\x00-\\x20\\x7f]+(/[^\\x00-\\x20\\x7f]*)?$',
  'source.url must be an http:// or https:// address without credentials, for example https://example.com/worker.ts',
);

const integrity = matches(
  '^sha256-[A-Za-z0-9+/]{43}=$',
  'source.integrity must be sha256- and the base64 of the digest of the bundle',
);

const release = z.object({
  repo: text(1024).describe('Base address of the releases, or a folder in local mode.'),
  class: withRules(
    text(128),
    matches(
      '^[A-Za-z0-9][-A-Za-z0-9_.]*$',
      'source.release.class must be one path segment: letters, digits, "-", "_" and "."',
    ),
  ).describe('Name of the released worker.'),
  version: withRules(
    text(128),
    matches(
      '^[A-Za-z0-9][-A-Za-z0-9_.+]*$',
      'source.release.version must be one path segment such as 1.2.3, or "local" in local mode',
    ),
  ).describe('Released version; "local" reads <repo>/<class>/worker.ts from disk, in local mode only.'),
});

/** A path from the manifest. */
export const file = withRules(
  text(1024),
  matches(
    '^[^/:\\x00-\\x1f\\x7f][^:\\x00-\\x1f\\x7f]*$',
    'source.file must be a path relative to the manifest, for example greet.ts',
  ),
);

const codeDigest = matches(
  '^sha256-[0-9a-f]{64}$',
  'source.bundle.digest must be sha256- and the 64 hex digits of the digest of the code',
);

/** Code that was bundled, and the ConfigMaps it lies in. */
export const bundle = z.object({
  digest: withRules(text(71), codeDigest).describe(
    'Digest of the code: sha256-<hex>. What does not have it is not run.',
  ),
  configMaps: listOf(objectName(), maxSourceParts).min(1).meta({ 'x-kubernetes-list-type': 'atomic' }).describe(
    'Names of the ConfigMaps that hold the code, in the order of its parts, which tools make.',
  ),
});

const commitOrName = matches(
  '^[A-Za-z0-9][-A-Za-z0-9_./+@]*$',
  'source.git.ref must be a branch, a tag or a whole commit id, for example main or v1.2.3',
);

const pathInRepository = matches(
  '^[^/:\\x00-\\x1f\\x7f][^:\\x00-\\x1f\\x7f]*$',
  'source.git.path must be a path in the repository, for example workers/greet.ts',
);

const gitAddress = matches(
  '^https?://[^/?#@\\x00-\\x20\\x7f]+/[^?#\\x00-\\x20\\x7f]+$',
  'source.git.url must be the http:// or https:// address of a repository without credentials, for example https://github.com/owner/name.git',
);

const git = z.object({
  url: withRules(text(2048), gitAddress).describe('Address of the repository.'),
  ref: withRules(text(255), commitOrName).describe(
    'Branch, tag or commit id. Its commit is found once per change of the spec, and told in the status.',
  ),
  path: withRules(text(1024), pathInRepository).describe('Path of the module in the repository.'),
});

const importHost = matches(
  '^(\\*\\.)?([a-z0-9]([-a-z0-9_.]*[a-z0-9])?|\\[[0-9a-f:.]+\\])(:[1-9][0-9]{0,4})?$',
  'must be a host as in permissions.net, for example esm.sh or modules.example.com:8443',
);

/** Places code is fetched from, once per change of the spec. */
const elsewhere = ['url', 'release', 'git'];

const onlyElsewhere = (field: string): Rule<object> =>
  onlyWithOneOf(
    field,
    elsewhere,
    `source.${field} is for code that is fetched: give it with source.url, source.release or source.git alone`,
  );

/** What is read where code is fetched, and nowhere else. */
const ofFetching = ['integrity', 'lock', 'importMap', 'importHosts', 'typeCheck', 'credentialsSecretRef'];

/** A release in a folder is bundled as a file beside the manifest is. */
const notOnDisk: Rule<{ readonly release?: { readonly repo: string } }> = {
  rule: `!has(self.release) || self.release.repo.matches('^https?://') || ![${
    ofFetching.map((field) => `has(self.${field})`).join(', ')
  }].exists(x, x)`,
  message:
    'source.integrity, lock, importMap, importHosts, typeCheck and credentialsSecretRef are for code that is fetched, and source.release.repo is a folder: leave them out, since types are checked there and its deno.json and deno.lock count, or name an http:// or https:// address',
  holds: (value) =>
    value.release === undefined || /^https?:\/\//.test(value.release.repo) ||
    !ofFetching.some((field) => field in value),
};

/** Exactly one place the module is taken from. */
export const source = withRules(
  z.object({
    inline: withRules(text(maxSourceBytes), withinBytes, notBlank).exactOptional().describe(
      'The module itself, TypeScript or JavaScript, at most 256 KiB.',
    ),
    configMap: keyRef().exactOptional().describe('A ConfigMap key that holds the module; a change rolls the pods.'),
    url: withRules(text(2048), httpAddress).exactOptional().describe(
      'Address of the module; resolved once per change of the spec.',
    ),
    integrity: withRules(text(64), integrity).exactOptional().describe(
      'Digest of the module as it is served, or of the bundle made of it: sha256-<base64>. With any other it is not run.',
    ),
    release: release.exactOptional().describe('A released worker: <repo>/<class>/<version>/worker.ts.'),
    git: git.exactOptional().describe('A file of a Git repository.'),
    lock: keyRef().exactOptional().describe('A ConfigMap key with a deno.lock that holds for all that is imported.'),
    importMap: keyRef().exactOptional().describe(
      'A ConfigMap key with an import map; relative addresses in it are meant from the module.',
    ),
    importHosts: setOf(withRules(text(260), importHost), 32).exactOptional().describe(
      'Hosts, with or without port, that modules are imported from beside the own host of url. Unless given: deno.land, jsr.io, esm.sh, raw.esm.sh, cdn.jsdelivr.net, raw.githubusercontent.com and gist.githubusercontent.com.',
    ),
    typeCheck: z.enum(['Enabled', 'Disabled']).exactOptional().describe(
      'Enabled checks the types of the modules of the host of url, or of the repository: a fault is refused with its line. Unless given they are not checked.',
    ),
    credentialsSecretRef: z.object({
      name: objectName().describe('Name of the Secret, in the namespace of the worker.'),
    }).exactOptional().describe(
      'A Secret with "token", or "username" and "password", that the host of url or of the repository is shown, and no other.',
    ),
    file: file.exactOptional().describe(
      'A module on disk, by its path from the manifest: in local mode, where it is bundled with all it imports.',
    ),
    bundle: bundle.exactOptional().describe('A module that was bundled with all it imports.'),
    keep: whole(0, 10).default(2).describe(
      'Former versions of the code that the operator keeps for a rollback, beside those that pods still run.',
    ),
  }),
  exactlyOneOf(
    ['inline', 'configMap', 'url', 'release', 'git', 'file', 'bundle'],
    'exactly one of source.inline, source.configMap, source.url, source.release, source.git, source.file and source.bundle must be given: keep the one you mean',
  ),
  ...ofFetching.map(onlyElsewhere),
  notOnDisk,
);
