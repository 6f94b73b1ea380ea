/** A control plane for people: runs in the foreground until Ctrl-C. */
import { startControlPlane } from './control-plane.ts';

const controlPlane = await startControlPlane();
process.stdout.write(`export KUBECONFIG=${controlPlane.kubeconfigPath}\nalias kubectl=${controlPlane.kubectlPath}\n`);
process.stderr.write('The control plane runs until Ctrl-C.\n');

const idle = setInterval(() => undefined, 60_000);
const stop = (): void => {
  clearInterval(idle);
  void controlPlane.stop();
};
process.once('SIGINT', stop).once('SIGTERM', stop);
