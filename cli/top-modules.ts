/** The rows of `redisworker top` for modules, below those of consumers. Pure. */
import { keyOf, type KubeObject } from '../operator/cluster/cluster.ts';
import { alignRows } from './table.ts';
import {
  type Counted,
  type History,
  inOrder,
  nameOf,
  ratesOf,
  rateText,
  type Row,
  text,
  type TopStyle,
  unknown,
} from './top-rows.ts';
import { type ModuleView, statusOf } from './worker-status.ts';

/** What is counted of a module. */
export function countedModule({ metadata }: KubeObject, { name, calls, errors }: ModuleView): Counted {
  return { key: `${keyOf(metadata)} module ${name}`, total: calls, failed: errors };
}

/** The lines with the modules of the workers, after an empty one; none where there are none. */
export function moduleTable(workers: readonly KubeObject[], history: History, style: TopStyle): readonly string[] {
  const rows = workers.flatMap((worker) => moduleRows(worker, history, style));
  if (rows.length === 0) return [];
  const header = [
    'WORKER',
    'MODULE',
    'STATE',
    'RATE',
    'FAILING',
    'CALLS',
    'ERRORS',
    'MEMORY',
    'RESTARTS',
    'WHY FAILING',
  ];
  return ['', ...alignRows([header, ...inOrder(rows, style.sort)])];
}

function moduleRows(worker: KubeObject, history: History, style: TopStyle): readonly Row[] {
  const { modules = [] } = statusOf(worker);
  return modules.map((module) => {
    const { name: called, state, calls, errors, memoryMiB, restarts, reason = '' } = module;
    const { rate, failures } = ratesOf(countedModule(worker, module), history, style);
    const name = nameOf(worker, style);
    const cells = [
      name,
      called,
      state ?? unknown,
      rateText(rate),
      rateText(failures),
      text(calls),
      text(errors),
      memoryMiB === undefined ? unknown : `${memoryMiB}Mi`,
      text(restarts),
      reason,
    ];
    const ready = state !== 'Failing';
    return { name: `${name} ${called}`, ready, rate, failures, backlog: undefined, latency: undefined, cells };
  });
}
