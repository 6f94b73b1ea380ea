/** Builds the check by Cilium's own code, and takes what else its Go module has for us. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { go } from '../control-plane/go.ts';
import { buildEnv } from '../control-plane/recipe.ts';
import { goProgram } from '../go-program.ts';

const dir = import.meta.dirname;

/** Path of the program; built first when it is not there. @throws CannotBuild */
export function ciliumCheck(): Promise<string> {
  return goProgram({
    dir,
    name: 'cilium-check',
    what: "the check by Cilium's own code",
    duration: 'about 3 minutes on 2 cores, seconds when Go has it cached',
  });
}

/** The CustomResourceDefinition of CiliumNetworkPolicy as Cilium ships it, out of the Go module. @throws CannotBuild with the words of Go */
export async function ciliumCrd(): Promise<string> {
  const module = await go(['mod', 'download', '-json', 'github.com/cilium/cilium'], { cwd: dir, env: buildEnv });
  const { Dir } = JSON.parse(module) as { Dir: string };
  return readFile(join(Dir, 'pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml'), 'utf8');
}
