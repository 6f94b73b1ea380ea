/** What stands in a kubeconfig, as far as it is used here. */
import { z } from 'zod';

const text = z.string().optional();

const cluster = z.object({
  server: z.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': text,
  'proxy-url': text,
});

const exec = z.object({
  apiVersion: text,
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  interactiveMode: text,
  provideClusterInfo: z.boolean().optional(),
  installHint: text,
});

const user = z.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  'token-file': text,
  username: text,
  password: text,
  as: text,
  exec: exec.optional(),
  'auth-provider': z.object({ name: z.string(), config: z.record(z.string(), z.unknown()).optional() }).optional(),
});

const context = z.object({ cluster: z.string(), user: text, namespace: text });

const name = z.string();

/** A kubeconfig as far as it is used; `null` is what YAML makes of a key without a value. */
export const kubeconfig = z.object({
  'current-context': text.nullable(),
  clusters: z.array(z.object({ name, cluster })).nullish().transform((list) => list ?? []),
  users: z.array(z.object({ name, user: user.nullable() })).nullish().transform((list) => list ?? []),
  contexts: z.array(z.object({ name, context })).nullish().transform((list) => list ?? []),
});

/** One file, read. */
export type Kubeconfig = z.infer<typeof kubeconfig>;

/** The cluster of a context, its files by absolute path. */
export type KubeconfigCluster = z.infer<typeof cluster>;
/** The user of a context, its files and plugin by absolute path. */
export type KubeconfigUser = z.infer<typeof user>;

/** What a context names. */
export interface ChosenContext {
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace: string | undefined;
}
