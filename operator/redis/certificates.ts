/** Looks at certificates before anything is dialled with them: what a socket says about a bad one names no cause. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** What is wrong with the PEM of authorities, as the end of a sentence; undefined when nothing is. It quotes nothing. */
export function authorityProblem(pem: string): string | undefined {
  return certificatesIn(pem) === undefined ? 'holds no certificate in PEM, or one that cannot be read' : undefined;
}

/** What is wrong with a certificate or its key, and with which of the two. */
export function pairProblem(
  { cert, key }: { readonly cert: string; readonly key: string },
): { readonly part: 'cert' | 'key'; readonly problem: string } | undefined {
  const leaf = certificatesIn(cert)?.[0];
  if (!leaf) return { part: 'cert', problem: 'holds no certificate in PEM, or one that cannot be read' };
  const privateKey = privateKeyIn(key);
  if (!privateKey) return { part: 'key', problem: 'holds no private key in PEM that opens without a passphrase' };
  return leaf.checkPrivateKey(privateKey)
    ? undefined
    : { part: 'key', problem: 'holds the key of another certificate' };
}

function certificatesIn(pem: string): X509Certificate[] | undefined {
  try {
    const found = (pem.match(block) ?? []).map((one) => new X509Certificate(one));
    return found.length > 0 ? found : undefined;
  } catch {
    return undefined;
  }
}

function privateKeyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
