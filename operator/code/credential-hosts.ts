/** Which hosts Deno shows credentials: it knows no host without those below it, and no scheme. Pure. */
import { type CodeRequest, hostOf } from './request.ts';

/** The host of an address as Deno has to be told it: with its port only where the address has one. */
export function credentialHost(url: string): string {
  return new URL(url).host;
}

/** @param entry of the import hosts. @returns whether some module from there would be asked for with the credentials of `url` */
export function isShownTo(entry: string, url: string): boolean {
  if (entry === hostOf(url)) return false; // for which they are
  const { hostname, port } = new URL(url);
  const [, wildcard, name = '', entryPort] = /^(\*\.)?(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  const ports = port === '' ? ['80', '443'] : [port];
  if (entryPort !== undefined && !ports.includes(entryPort)) return false;
  return isBelow(name, hostname) || (wildcard !== undefined && isBelow(hostname, name));
}

/** What is wrong with hosts that are imported from beside one with credentials; undefined when nothing is. */
export function credentialProblem({ entry, importHosts = [] }: CodeRequest): string | undefined {
  if (entry.kind !== 'url') return undefined;
  const shown = importHosts.find((host) => isShownTo(host, entry.url));
  return shown === undefined
    ? undefined
    : `spec.source.importHosts has ${shown}, and modules from there would be asked for with the credentials of ${
      hostOf(entry.url)
    }: leave that host out, or the credentials`;
}

function isBelow(name: string, host: string): boolean {
  return name === host || name.endsWith(`.${host}`);
}
