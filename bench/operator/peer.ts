/** The floor of the usual stack: an operator on controller-runtime that makes the same objects of the same manifests. */
import { join } from 'node:path';
import { goProgram } from '../../test/support/go-program.ts';
import { start } from '../../test/support/processes.ts';
import { residentMb } from '../proc.ts';
import { watchProcessors } from './processors.ts';
import type { Stage } from './stage.ts';
import { applyAndWait } from './workers.ts';

/** Path of the peer; built first when it is not in the cache. @throws CannotBuild without Go */
export function peerProgram(): Promise<string> {
  return goProgram({
    dir: join(import.meta.dirname, '../peers/operator-go'),
    name: 'bench-peer',
    what: 'the peer of the operator bench',
    duration: 'about 2 minutes on 2 cores',
  });
}

/** Seconds from apply until it calls all workers Ready, and what it takes then. */
export async function measurePeer(
  stage: Stage,
  program: string,
  workers: number,
  deadlineMs: number,
): Promise<{ readonly seconds: number; readonly rssMb: number }> {
  const peer = start(program, [], { env: { ...process.env, KUBECONFIG: stage.cluster.kubeconfigPath } });
  const tell = watchProcessors({ ...stage.programs, peer: peer.pid });
  try {
    const seconds = await applyAndWait(stage.api, workers, deadlineMs).catch((error: unknown) => {
      throw new Error(peer.output().slice(-2000), { cause: error });
    });
    tell();
    return { seconds, rssMb: residentMb(peer.pid) };
  } finally {
    await peer.stop();
  }
}
