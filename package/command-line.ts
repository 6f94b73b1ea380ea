/** The command line and the callers' module as the npm package has them: a few files with everything they import but Deno. */
import { type BundledForNode, bundleForNode } from '../images/node-bundle.ts';

const entries = {
  node20: 'package/node20.ts',
  cli: 'package/cli.ts',
  client: 'package/client.ts',
  resolve: 'package/resolve.ts',
};

/** For the oldest Node the package runs on. */
export function bundleCommandLine(): Promise<BundledForNode> {
  return bundleForNode({ entries, node: 20, split: true, sharedFolder: 'cli' });
}
