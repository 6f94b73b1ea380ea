/** The chart as Helm renders it. */
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type CommandResult, tryRun } from '../command.ts';
import { toolPath } from '../tools/shared.ts';

/** Where the chart is. */
export const chartFolder = join(import.meta.dirname, '../../../charts/redis-worker-operator');

/** The versions of Helm people have. */
export const helms = ['helm3', 'helm4'] as const;
export type Helm = (typeof helms)[number];

/** Values as a user gives them. */
export type GivenValues = Readonly<Record<string, unknown>>;

/** An object of the API, as rendered. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** What a release is called, and where it is. */
export const release = { name: 'rwo', namespace: 'redisworker' } as const;

/** Runs Helm with values on its standard input. */
export function helm(which: Helm, args: readonly string[], values: GivenValues = {}): Promise<CommandResult> {
  return tryRun(toolPath(which), [...args, '--values', '-'], { stdin: JSON.stringify(values) });
}

/** The objects of the chart under these values. @throws Error with the words of Helm */
export async function render(values: GivenValues, which: Helm = 'helm4', as = release.name): Promise<Rendered[]> {
  const { code, stdout, stderr } = await helm(
    which,
    ['template', as, chartFolder, '--namespace', release.namespace, '--kube-version', '1.36.3'],
    values,
  );
  if (code !== 0) throw new Error(stderr.trim());
  return objectsOf(stdout);
}

/** Objects of a stream of documents, which have to be YAML without a fault. */
export function objectsOf(text: string): Rendered[] {
  return parseAllDocuments(text, { version: '1.1' }).flatMap((document) => {
    const [fault] = [
      ...('errors' in document ? document.errors : []),
      ...('warnings' in document ? document.warnings : []),
    ];
    if (fault) throw new Error(`${fault.message}\n${text}`);
    return ('toJSON' in document ? (document.toJSON() as Rendered | null) : null) ?? [];
  });
}
