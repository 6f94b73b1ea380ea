/** Keys and certificates by the openssl command: EC P-256, valid for a year, one authority per folder. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const days = '365';

/** What a certificate is for; `names` are subjectAltName entries such as `DNS:localhost` and `IP:127.0.0.1`. */
export interface CertificateRequest {
  /** Files are `<name>.crt` and `<name>.key`. */
  readonly name: string;
  /** For example `/O=system:masters/CN=admin`. */
  readonly subject: string;
  readonly usage: 'serverAuth' | 'clientAuth';
  readonly names?: readonly string[];
}

/** Makes `ca.crt` and `ca.key` in `dir`. */
export async function createAuthority(dir: string, name = 'redisworker-test-ca'): Promise<void> {
  await openssl(dir, [
    'req',
    '-x509',
    ...newKey('ca'),
    '-subj',
    `/CN=${name}`,
    '-days',
    days,
    '-out',
    'ca.crt',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign,digitalSignature',
  ]);
}

/** Makes a certificate signed by the authority in the same `dir`. */
export async function createCertificate(
  dir: string,
  { name, subject, usage, names = [] }: CertificateRequest,
): Promise<void> {
  const extensions = ['basicConstraints=CA:FALSE', 'keyUsage=critical,digitalSignature', `extendedKeyUsage=${usage}`];
  if (names.length > 0) extensions.push(`subjectAltName=${names.join(',')}`);
  await writeFile(join(dir, `${name}.ext`), `${extensions.join('\n')}\n`);
  await openssl(dir, ['req', ...newKey(name), '-subj', subject, '-out', `${name}.csr`]);
  // A serial of our own: openssl's serial file is not made for certificates signed at the same time.
  await openssl(dir, [
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-set_serial',
    `0x01${randomBytes(8).toString('hex')}`,
    '-days',
    days,
    '-sha256',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  ]);
}

/** Makes the key pair that signs ServiceAccount tokens: `<name>.key` and `<name>.pub`. */
export async function createKeyPair(dir: string, name: string): Promise<void> {
  await openssl(dir, ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`]);
  await openssl(dir, ['ec', '-in', `${name}.key`, '-pubout', '-out', `${name}.pub`]);
}

function newKey(name: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256', '-keyout', `${name}.key`];
}

async function openssl(dir: string, args: string[]): Promise<void> {
  await promisify(execFile)('openssl', args, { cwd: dir });
}
