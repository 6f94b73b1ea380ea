/** Who asked, as far as a browser tells: a page of another site can reach a port of this machine too. Pure. */
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Why a request is refused, in one sentence; undefined when it may be answered.
 * @param names of the host it may be asked under, without the port; any when absent
 */
export function originProblem(headers: IncomingHttpHeaders, names?: readonly string[]): string | undefined {
  const { host = '', origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  // A name somebody else made to lead here has the browser take us for their site.
  if (names !== undefined && !names.includes(host.replace(/:\d+$/, '').toLowerCase())) {
    return `this page is not served under the name ${host}: use the address that was printed`;
  }
  if (origin !== undefined && hostOf(origin) !== host.toLowerCase()) {
    return 'a page of another site asks: that is refused';
  }
  // A link from elsewhere may lead to the page itself.
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && mode !== 'navigate') {
    return 'a page of another site asks: that is refused';
  }
  return undefined;
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined; // "null" is the origin of what hides it
  }
}
