/** What the API server was asked for. */
import { readFile } from 'node:fs/promises';

/** One entry of the API server's audit log. */
export interface AuditEntry {
  readonly verb: string;
  readonly requestURI: string;
  /** Without a name where nobody was recognised (401). */
  readonly user: { readonly username?: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code: number };
  readonly stageTimestamp: string;
}

/** The entries of an audit log so far. */
export async function readAuditLog(file: string): Promise<AuditEntry[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1); // the last one may be half written
  return lines.map((line) => JSON.parse(line) as AuditEntry);
}
