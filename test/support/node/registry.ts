/** An OCI registry on this machine's end of the link, from which the node pulls. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { start, type TestProcess } from '../processes.ts';
import { toolPath } from '../tools/shared.ts';
import { eventually } from '../wait.ts';
import { registriesFolder } from './configuration.ts';
import type { Node } from './node.ts';

/** A registry under way, without TLS. */
export interface NodeRegistry {
  /** `address:port`. */
  readonly host: string;
  readonly process: TestProcess;
}

/** Starts one that the node knows. */
export async function startNodeRegistry(node: Node): Promise<NodeRegistry> {
  const process = start(toolPath('registry'), [`${node.network.hostAddress}:0`]);
  const host = await eventually('the registry tells its address', () => /^[\d.]+:\d+$/m.exec(process.output())?.[0]);
  const folder = join(registriesFolder(node.description.dir), host);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'hosts.toml'), `server = "http://${host}"\n`);
  return { host, process };
}
