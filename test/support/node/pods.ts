/** Finds the network of a pod on a node. */

interface Tools {
  kubectlOk(args: readonly string[]): Promise<string>;
  ctrOk(args: readonly string[]): Promise<string>;
}

/** What `ctr containers info` tells of the namespaces. */
interface ContainerInfo {
  readonly Spec?: {
    readonly linux?: { readonly namespaces?: readonly { readonly type: string; readonly path?: string }[] };
  };
}

/**
 * The file of a pod's network namespace, as this machine sees it.
 * @throws Error when the pod has no sandbox on the node
 */
export async function podNetworkPath(
  tools: Tools,
  nodePid: number,
  { namespace, name }: { namespace: string; name: string },
): Promise<string> {
  const uid = await tools.kubectlOk(['--namespace', namespace, 'get', 'pod', name, '-o', 'jsonpath={.metadata.uid}']);
  const ids = (await tools.ctrOk(['containers', 'list', '--quiet', `labels."io.kubernetes.pod.uid"==${uid}`])).split(
    '\n',
  ).filter((id) => id !== '');
  for (const id of ids) {
    const info = JSON.parse(await tools.ctrOk(['containers', 'info', id])) as ContainerInfo;
    const path = info.Spec?.linux?.namespaces?.find(({ type }) => type === 'network')?.path;
    // `/var/run` is a link, which would lead from there to this machine's `/run`.
    if (path !== undefined && path !== '') return `/proc/${nodePid}/root${path.replace(/^\/var\/run\//, '/run/')}`;
  }
  throw new Error(`pod ${namespace}/${name} has no network on the node: wait until its phase is Running`);
}
