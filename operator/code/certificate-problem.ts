/** What there is to do when a host shows a certificate nobody here believes. Pure. */

/** @param said by Deno or Node. @returns undefined when it is about something else */
export function untrusted(said: string, address: string): string | undefined {
  const [why] =
    /invalid peer certificate: \w+|self-signed certificate(?: in certificate chain)?|unable to (?:get local issuer|verify the first) certificate|certificate has expired/i
      .exec(said) ?? [];
  if (why === undefined) return undefined;
  return `the certificate of ${
    URL.parse(address)?.host ?? address
  } is not trusted (${why}): give its authority, in a cluster by the value code.caConfigMap of the chart, on a laptop by DENO_CERT, or have it renewed`;
}
