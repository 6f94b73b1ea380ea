/** Looks at the scripts of a worker of a HATS cluster. */
import { failureText } from '../../../contract/hats.ts';
import { type FoundScript, readScripts, type ScriptKeys, type ScriptsView } from '../hats-scripts.ts';
import type { RedisLink } from '../link.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Those its manifest declares, and where what is there is told. */
export interface ExaminedScripts extends ScriptKeys {
  readonly declared: readonly string[];
}

/** Findings about them; the rest of sentences that begin with the worker. @throws RedisFault */
export async function examineScripts(link: RedisLink, scripts: ExaminedScripts, owner: string): Promise<Finding[]> {
  return judgeScripts(scripts.declared, await readScripts(link, scripts, scripts.declared), owner);
}

/** What it means. Pure. */
export function judgeScripts(declared: readonly string[], { own, found }: ScriptsView, owner: string): Finding[] {
  const taken = own.filter(({ key }) => declared.includes(key)).flatMap((script) => inTheWay(script, owner));
  return [
    ...(taken.length > 0 ? taken : [ok('WorkerKeys', 'finds nothing in the way of its scripts')]),
    scriptsFinding(declared, own, found, owner),
    ...leftOver(declared, own, owner),
    ...failed([...own, ...found]),
  ];
}

function inTheWay({ key, fields, isWrongType }: FoundScript, owner: string): Finding[] {
  if (isWrongType) {
    return [
      problem(
        'WorkerKeys',
        `needs a hash under "${key}", where something else is: delete or rename that, or give the script another name`,
      ),
    ];
  }
  const other = fields?.['resource'] ?? '';
  if (other === '' || other.startsWith(owner)) return [];
  return [problem('WorkerKeys', `cannot have the script "${key}", which belongs to ${other}: give it another name`)];
}

function scriptsFinding(
  declared: readonly string[],
  own: readonly FoundScript[],
  found: readonly FoundScript[],
  owner: string,
): Finding {
  const written = own.filter(({ key, fields }) => declared.includes(key) && isOf(fields, owner)).length;
  const others = found.filter(({ key, fields }) => fields && !declared.includes(key)).length;
  return ok(
    'WorkerScripts',
    `has ${written} of the ${declared.length} scripts of its manifest in Redis${
      written < declared.length ? ', where the operator writes the others' : ''
    }, and ${others} of others beside them`,
  );
}

function leftOver(declared: readonly string[], own: readonly FoundScript[], owner: string): Finding[] {
  const left = own.filter(({ key, fields }) => !declared.includes(key) && isOf(fields, owner)).map(({ key }) => key);
  if (left.length === 0) return [];
  return [
    warning(
      'WorkerScripts',
      `has scripts in Redis that its manifest does not name, and that run: ${
        listed(left)
      }; the operator removes them ` +
        'once it has the manifest',
    ),
  ];
}

function failed(scripts: readonly FoundScript[]): Finding[] {
  const crashed = new Map(
    scripts.flatMap(({ key, fields }) =>
      fields?.['State'] === 'crashed'
        ? [[key, `${key} (${failureText({ error: fields['Error'] ?? '', at: fields['ErrorAt'] }).slice(0, 200)})`]]
        : []
    ),
  );
  if (crashed.size === 0) return [];
  return [
    warning(
      'WorkerScripts',
      `has scripts that failed and run no more: ${
        listed([...crashed.values()])
      }; mend them, then "redisworker hats enable"`,
    ),
  ];
}

function isOf(fields: FoundScript['fields'], owner: string): boolean {
  return fields?.['resource']?.startsWith(owner) ?? false;
}

const mostListed = 5;

function listed(all: readonly string[]): string {
  const more = all.length - mostListed;
  return `${all.slice(0, mostListed).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
