/**
 * Plugins that a kubeconfig names for logging in: programs that print a token or a certificate, by the protocol of
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { z } from 'zod';
import { bearer, type Credentials, type Surroundings } from './credentials.ts';
import type { KubeconfigCluster, KubeconfigUser } from './kubeconfig-schema.ts';

type Plugin = NonNullable<KubeconfigUser['exec']>;

const answer = z.object({
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().nullish(),
  }),
});
type Answer = z.infer<typeof answer>['status'];

/** What a plugin is told of its surroundings. */
type About = Pick<Surroundings, 'environment'> & { readonly cluster: KubeconfigCluster };

/**
 * Asks the plugin when it is first needed, and again when its answer has expired.
 * @throws Error when the user names no plugin but what came before them
 */
export function openPlugin(
  user: KubeconfigUser,
  cluster: KubeconfigCluster,
  environment: Surroundings['environment'],
): () => Promise<Credentials> {
  const { exec, 'auth-provider': provider } = user;
  if (exec === undefined) {
    throw new Error(
      `the kubeconfig logs in by the auth-provider "${provider?.name ?? ''}": use the exec plugin that took its place`,
    );
  }
  let asked: Promise<Answer> | undefined;
  const askAnew = (): Promise<Answer> => {
    const asking = ask(exec, { cluster, environment });
    asking.catch(() => (asked = asked === asking ? undefined : asked)); // it is told by this call, and asked by the next
    return (asked = asking);
  };
  return async () => {
    const known = await (asked ?? askAnew());
    return credentialsIn(isOver(known) ? await askAnew() : known);
  };
}

function isOver({ expirationTimestamp }: Answer): boolean {
  return typeof expirationTimestamp === 'string' && Date.parse(expirationTimestamp) <= Date.now();
}

function credentialsIn({ token, clientCertificateData: cert, clientKeyData: key }: Answer): Credentials {
  return {
    tls: { ...(cert && { cert }), ...(key && { key }) },
    headers: token ? bearer(token) : {},
  };
}

async function ask(plugin: Plugin, about: About): Promise<Answer> {
  const { command } = plugin;
  const text = await outputOf(plugin, about);
  try {
    return answer.parse(JSON.parse(text)).status;
  } catch (cause) {
    throw new Error(`the login plugin ${command} printed no ExecCredential with a status`, { cause });
  }
}

/** What the program prints. What it has to say to its user it says on the standard error output. */
function outputOf(plugin: Plugin, { cluster, environment }: About): Promise<string> {
  const { command, args, env, installHint, interactiveMode } = plugin;
  const interactive = interactiveMode !== 'Never' && isatty(0);
  const given = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const info = JSON.stringify(execInfo(plugin, cluster, interactive));
  const child = spawn(command, args ?? [], {
    env: { ...environment, ...given, KUBERNETES_EXEC_INFO: info },
    stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const hint = installHint ? `; ${installHint.trim()}` : '';
      reject(
        new Error(`the login plugin ${command} of the kubeconfig cannot be run: ${cause.message}${hint}`, { cause }),
      );
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString());
      else reject(new Error(`the login plugin ${command} of the kubeconfig failed (${code ?? signal ?? 'unknown'})`));
    });
  });
}

function execInfo(
  { apiVersion, provideClusterInfo }: Plugin,
  cluster: KubeconfigCluster,
  interactive: boolean,
): object {
  const { server, 'certificate-authority-data': authority, 'tls-server-name': serverName } = cluster;
  const told = {
    server,
    ...(authority && { 'certificate-authority-data': authority }),
    ...(serverName && { 'tls-server-name': serverName }),
    ...(cluster['insecure-skip-tls-verify'] && { 'insecure-skip-tls-verify': true }),
  };
  return {
    apiVersion: apiVersion ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive, ...(provideClusterInfo ? { cluster: told } : {}) },
  };
}
