/** Whether the code of a worker ends again and again, so that nobody need wait for it any longer. Pure. */
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { type ConsumerView, statusOf } from './worker-status.ts';
import { isCurrent } from './worker-type.ts';

/** Once may be chance, such as a host that did not answer: the third end is of the code. */
const manyRestarts = 2;

/** What a node says of a process that has ended. */
const endings: readonly string[] = ['CrashLoopBackOff', 'Error', 'Completed', 'OOMKilled'];

/** Until policies have effect, processes end before any code of the worker runs. */
const beforeCode: readonly string[] = ['NotEnforced', 'NotVerified'];

/** Of a worker as its manifest is now. */
export function isCrashing(worker: KubeObject): boolean {
  if (!isCurrent(worker)) return false;
  const { conditions = [], consumers = [] } = statusOf(worker);
  const isAtGate = conditions.some(({ type, reason }) =>
    type === 'NetworkPolicyEnforced' && beforeCode.includes(reason ?? '')
  );
  const isUnready = conditions.some(({ type, status }) => type === 'Ready' && status !== 'True');
  return isUnready && !isAtGate && consumers.some(endsAgain);
}

function endsAgain({ state, reason = '', restarts = 0 }: ConsumerView): boolean {
  return state === 'Failing' && endings.includes(reason) && restarts >= manyRestarts;
}
