/** Which actions of a plan need not wait for each other. Pure. */
import { resources } from '../../cluster/cluster.ts';
import type { Action } from '../model/action.ts';

/** Actions that are carried out one after the other. */
export type Sequence = readonly Action[];

/** Sequences that are carried out side by side. */
export type Stage = readonly Sequence[];

/**
 * The plan in stages, each of which waits for the one before: what pods need is there before them. Side by side stand
 * the objects they mount and the policy, the hashes of several consumers, and the Deployments of several consumers.
 */
export function stagesOf(actions: readonly Action[]): readonly Stage[] {
  const stages: { readonly kind: string; readonly sequences: Map<string, Action[]> }[] = [];
  for (const action of actions) {
    const { kind, of } = placeOf(action);
    const last = stages.at(-1);
    const stage = last !== undefined && last.kind === kind ? last : { kind, sequences: new Map<string, Action[]>() };
    if (stage !== last) stages.push(stage);
    const before = stage.sequences.get(of);
    if (before === undefined) stage.sequences.set(of, [action]);
    else before.push(action);
  }
  return stages.map(({ sequences }) => [...sequences.values()]);
}

/** The stage an action belongs to, and whose turn it takes there: what has to be in order is of one. */
function placeOf(action: Action): { readonly kind: string; readonly of: string } {
  switch (action.do) {
    case 'applyObject': {
      const { kind } = action.resource;
      const isDeployment = kind === resources.deployments.kind;
      return { kind: isDeployment ? 'Deployments' : 'Objects', of: `${kind} ${action.object.metadata.name}` };
    }
    case 'scaleToZero':
      return { kind: 'Scaling', of: action.ref.name };
    case 'writeConfigHash':
    case 'clearStalePid':
      return { kind: 'Hashes', of: action.consumerId };
    default:
      return { kind: 'Others', of: '' };
  }
}
