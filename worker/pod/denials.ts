/** What Deno says when it refuses something, in the words of the manifest: nobody here can "run again with a flag". Pure. */

/** What to do about a refused permission. `what` is empty where Deno names nothing. */
const advice: Readonly<Record<string, (what: string) => string>> = {
  net: (what) =>
    what.endsWith(':0')
      ? 'choose a port, and add it to spec.permissions.net'
      : `add ${what || 'the host'} to spec.permissions.net`,
  env: (what) => `add ${what || 'the names of the variables'} to spec.permissions.env`,
  import: () => 'bundle it into the module',
  read: () => 'a worker reads no files; put it into the module, the request or the Secret of spec.secretRef',
  write: () => 'a worker writes no files; keep it in memory or in Redis',
  run: () => 'a worker starts and ends no processes',
  ffi: () => 'a worker loads no libraries of the system',
  sys: (what) => what === 'ca' ? 'use fetch in place of node:https' : 'a worker learns nothing about its machine',
};

const denied = /Requires (\w+) access(?: to (?:"([^"]*)"|<\w+>))?, run again with the --allow-\w+ flag/g;
const remote =
  /(?:JSR package manifest for '[^']*' failed to load\. )?A remote specifier was requested: "([^"]*)", but --no-remote is specified\.?/g;
const npm = /npm specifiers were requested; but --no-npm is specified/g;
const bare = /Import "([^"]*)" not a dependency(?: and not in import map from \S+)?/g;
const absent = /Module not found "file:\/\/[^"]*?([^"/]*)"\.?/g;

/** The text with every refusal of Deno told as what to change in the module or the manifest. */
export function inTermsOfTheManifest(text: string): string {
  return text
    .replace(denied, (whole: string, kind: string, what: string | undefined) => {
      const advise = advice[kind];
      return advise ? `${whole.slice(0, whole.lastIndexOf(', run again'))}: ${advise(what ?? '')}` : whole;
    })
    .replace(remote, '"$1" is not loaded from the network: bundle it into the module')
    .replace(npm, 'npm packages are not loaded from the network: bundle them into the module')
    .replace(bare, 'Import "$1" is no file beside the module: bundle it into the module')
    .replace(absent, 'Module not found "$1": a worker is one file, bundle it into the module');
}
