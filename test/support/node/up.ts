/** A node for people: runs in the foreground until Ctrl-C. Arguments are image archives to import. */
import { whyNoNode } from './preflight.ts';
import { startNode } from './start.ts';

const reason = await whyNoNode();
if (reason !== undefined) {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
const started = Date.now();
const node = await startNode({ images: process.argv.slice(2) });
const { address, podRange, serviceRange, dnsAddress } = node.network;
process.stdout.write(`export KUBECONFIG=${node.kubeconfigPath}\nalias kubectl=${node.kubectlPath}\n`);
process.stderr.write(
  `Pods (${podRange}), Services (${serviceRange}) and the DNS (${dnsAddress}) can be reached from this machine; the node is ${address}.
Logs are in ${node.description.dir}/log. It took ${
    ((Date.now() - started) / 1000).toFixed(1)
  } s. Tests use it, instead of one of their own, with REDISWORKER_NODE=${node.description.dir}/node.json. It runs until Ctrl-C.
`,
);

const idle = setInterval(() => undefined, 60_000);
const stop = (): void => {
  clearInterval(idle);
  void node.stop();
};
process.once('SIGINT', stop).once('SIGTERM', stop);
