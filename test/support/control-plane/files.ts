/** What a control plane finds in its folder: keys, certificates, kubeconfigs, the audit policy. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { auditPolicy, kubeconfig, type Reach } from './arguments.ts';
import { createAuthority, createCertificate, createKeyPair } from './certificates.ts';

const names = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  'localhost',
];

/** Writes them; keys and certificates are in the folder's `pki`. */
export async function writeControlPlaneFiles(
  dir: string,
  serverUrl: string,
  { address, serviceAddress }: Reach,
): Promise<void> {
  const pki = join(dir, 'pki');
  await mkdir(pki);
  await createAuthority(pki);
  const server = [
    ...names.map((name) => `DNS:${name}`),
    ...new Set(['127.0.0.1', address, serviceAddress].map((ip) => `IP:${ip}`)),
  ];
  await Promise.all([
    createKeyPair(pki, 'sa'),
    createCertificate(pki, { name: 'apiserver', subject: '/CN=kube-apiserver', usage: 'serverAuth', names: server }),
    createCertificate(pki, {
      name: 'kubelet-client',
      subject: '/O=system:masters/CN=kubelet-client',
      usage: 'clientAuth',
    }),
    createCertificate(pki, { name: 'admin', subject: '/O=system:masters/CN=admin', usage: 'clientAuth' }),
    createCertificate(pki, {
      name: 'controller-manager',
      subject: '/CN=system:kube-controller-manager',
      usage: 'clientAuth',
    }),
    createCertificate(pki, { name: 'scheduler', subject: '/CN=system:kube-scheduler', usage: 'clientAuth' }),
    ...['admin', 'controller-manager', 'scheduler'].map((name) =>
      writeFile(join(dir, `${name}.conf`), kubeconfig(dir, serverUrl, name))
    ),
    writeFile(join(dir, 'audit.yaml'), auditPolicy),
  ]);
}
