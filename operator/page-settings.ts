/** The flag about the status page: on which port. Who may see it is asked of the API server, always. */
import type { Command } from 'commander';
import type { Followed } from './followed-files.ts';
import type { Identity } from './identity-files.ts';
import { type ListenAddress, listenAddress } from './listen-address.ts';
import { readServerIdentity } from './metrics-settings.ts';

/** The page on a port of its own, over TLS. */
export interface PageSettings extends ListenAddress {
  /** `SelfSigned` makes a certificate at the start. */
  readonly identity: Followed<Identity> | 'SelfSigned';
}

/** The flag as it is given. */
export interface PageFlags {
  readonly page?: ListenAddress;
}

/** Name of the flag, which the command line looks for in the words of a pod. */
export const pageFlag = '--page';

/** Adds the flag. */
export function withPageFlag(program: Command): Command {
  return program.option(
    `${pageFlag} <address>`,
    'where the status page is served, read-only, over TLS, to those whom the API server knows and lets get the nonResourceURL /page [nowhere]',
    listenAddress,
  );
}

/** Reads the settings; ends the process with one sentence where a flag cannot be used. */
export function readPageSettings(program: Command): PageSettings | undefined {
  const { page } = program.opts<PageFlags>();
  return page === undefined ? undefined : { ...page, identity: readServerIdentity(program) ?? 'SelfSigned' };
}
