/** What Cilium knows pods and nodes by: labels, never addresses. */
import { type Block, overlaps, parseBlock } from './address.ts';

/**
 * Labels Cilium leaves out of identities unless its setting `labels` says otherwise, after
 * `defaultLabelPrefixCfg` of Cilium 1.20; those with `app.kubernetes.io` in front are kept.
 */
const hidden =
  /^(io\.kubernetes|kubernetes\.io|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|batch\.kubernetes\.io\/(job-completion-index|controller-uid)|.*beta\.kubernetes\.io|k8s\.io|pod-template-generation|pod-template-hash|controller-revision-hash|controller-uid|annotation|etcd_node|topology\.kubernetes\.io)/;

/** Keys of a selector by which Cilium finds no pod. */
export function hiddenLabels(selector: Readonly<Record<string, string>>): string[] {
  return Object.keys(selector).filter((key) => hidden.test(key)).sort();
}

/** Private, shared and link-local addresses: the ones pods and nodes have almost everywhere. */
const clusterBlocks = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
].flatMap((text) => parseBlock(text) ?? []);

/** True when pods or nodes may have addresses of the block. */
export function mayHoldClusterAddresses(block: Block): boolean {
  return clusterBlocks.some((one) => overlaps(one, block));
}
