/** A node for people: runs in the foreground until Ctrl-C. Arguments are image archives to import. */
import { startNode } from './start.ts';

const started = Date.now();
const node = await startNode({ images: process.argv.slice(2) });
const { address, podRange, serviceRange, dnsAddress } = node.network;
process.stdout.write(`export KUBECONFIG=${node.kubeconfigPath}\nalias kubectl=${node.kubectlPath}\n`);
process.stderr.write(`Pods (${podRange}), Services (${serviceRange}) and the DNS (${dnsAddress}) can be reached from this machine; the node is ${address}.
Logs are in ${node.description.dir}/log. It took ${((Date.now() - started) / 1000).toFixed(1)} s. The node runs until Ctrl-C.
`);

const idle = setInterval(() => undefined, 60_000);
const stop = (): void => {
  clearInterval(idle);
  void node.stop();
};
process.once('SIGINT', stop).once('SIGTERM', stop);
