/**
 * The token that lets this page read. It comes behind the # of the address, which a browser sends to nobody, is taken
 * out of it at once, and is kept for this tab and this address alone: a cookie would go to every other port of this
 * machine too.
 */
const kept = 'redisworker-token';

let token = fromAddress() ?? sessionStorage.getItem(kept) ?? '';

/** The token; empty when there is none. */
export function currentToken(): string {
  return token;
}

/** Takes another one. */
export function enter(next: string): void {
  token = next.trim();
  sessionStorage.setItem(kept, token);
}

function fromAddress(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return undefined;
  history.replaceState(null, '', `${location.pathname}#/`);
  sessionStorage.setItem(kept, given);
  return given;
}
