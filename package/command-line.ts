/** The command line as the npm package has it: a few files with everything they import but Deno. */
import { bundleForNode, type BundledForNode } from '../images/node-bundle.ts';

/** For the oldest Node the package runs on. */
export function bundleCommandLine(): Promise<BundledForNode> {
  return bundleForNode({ entries: { node20: 'package/node20.ts', cli: 'package/cli.ts' }, node: 20, split: true, sharedFolder: 'cli' });
}
