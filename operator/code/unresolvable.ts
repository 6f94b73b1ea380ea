/** Why a request is refused before anything is fetched, which can be told wherever the request is known. Pure. */
import { credentialProblem } from './credential-hosts.ts';
import { deniedProblem, isDenied } from './denied-hosts.ts';
import type { RefusedCode } from './outcome.ts';
import type { CodeRequest } from './request.ts';

/** @param shown whether the host is shown credentials. @returns undefined for one that may be tried */
export function unresolvable(request: CodeRequest, shown: boolean): RefusedCode | undefined {
  const { url } = request.entry;
  const sentence = (shown ? credentialProblem(request) : undefined) ??
    (isDenied(new URL(url).hostname) ? deniedProblem(url) : undefined);
  return sentence === undefined ? undefined : { kind: 'refused', reason: 'ImportRefused', sentence };
}
