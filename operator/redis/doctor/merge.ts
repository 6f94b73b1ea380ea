/** One list of findings for the servers of a Cluster. Pure. */
import type { Finding, Verdict } from './finding.ts';

/** What was found at one server. */
export interface ServerFindings {
  /** Its address; undefined when it is not to be repeated. */
  readonly server: string | undefined;
  readonly findings: readonly Finding[];
}

const gravity: Readonly<Record<Verdict, number>> = { ok: 0, warning: 1, problem: 2 };

/** Of each check the gravest finding, with the servers that have it when others do not. */
export function merged(servers: readonly ServerFindings[]): Finding[] {
  const [only] = servers;
  if (only !== undefined && servers.length === 1) return [...only.findings];
  const all = servers.flatMap(({ server, findings }) => findings.map((finding) => ({ server, finding })));
  return [...Map.groupBy(all, ({ finding }) => finding.check).values()].flatMap((alike) => {
    const gravest = Math.max(...alike.map(({ finding }) => gravity[finding.verdict]));
    const grave = alike.filter(({ finding }) => gravity[finding.verdict] === gravest);
    const [first] = grave;
    if (first === undefined) return [];
    const names = grave.flatMap(({ server }) => server ?? []);
    const where = grave.length === servers.length || gravest === 0 || names.length === 0
      ? ''
      : ` (at ${names.join(', ')})`;
    return [{ ...first.finding, message: first.finding.message + where }];
  });
}
