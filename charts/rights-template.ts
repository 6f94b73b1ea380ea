/** The rules of roles as named templates, from the one list of what the operator and people may do. Pure. */
import { stringify } from 'yaml';
import {
  leaseRules,
  metricsAuthRules,
  metricsReaderRules,
  pageForwardRules,
  pageViewerRules,
  type PeopleRole,
  peopleRoles,
  servedRules,
} from '../operator/cluster/kubernetes/rights.ts';

const chart = 'redis-worker-operator';

/** The text of templates/_rights.tpl. */
export function rightsTemplate(): string {
  return [
    '{{/* Generated from operator/cluster/kubernetes/rights.ts by `npm run generate`; change it there. */}}\n',
    named('served', 'What the operator may do where it serves workers', servedRules),
    named(
      'lease',
      'What the election needs, in the namespace of the release',
      leaseRules(`{{ include "${chart}.fullname" . }}`),
    ),
    named('metricsAuth', 'What it takes to ask the API server who reads metrics or the status page', metricsAuthRules),
    named('metricsReader', 'What whoever reads metrics needs', metricsReaderRules),
    named('pageViewer', 'What whoever looks at the status page needs', pageViewerRules),
    named('pageForward', 'What it takes to come to it through the API server', pageForwardRules),
    ...peopleRoles.map((role) => labels(role)),
    ...peopleRoles.map((role) =>
      named(`people.${wordOf(role)}`, `What the ${wordOf(role)} of workers may do`, role.rules)
    ),
  ].join('\n');
}

/** The last word of the role's name: viewer, author or admin. */
function wordOf({ name }: PeopleRole): string {
  return name.slice(name.lastIndexOf('-') + 1);
}

/** What has the built-in role take it in. */
function labels(role: PeopleRole): string {
  const word = wordOf(role);
  const to = role.aggregatedTo;
  const text = to === undefined ? '' : `rbac.authorization.k8s.io/aggregate-to-${to}: "true"\n`;
  return `{{/* Labels of the ${word}, when it is aggregated */}}\n{{- define "${chart}.rights.people.${word}.labels" -}}\n${text}{{- end }}\n`;
}

function named(name: string, what: string, rules: readonly object[]): string {
  const text = stringify(rules, { lineWidth: 0, compat: 'yaml-1.1', aliasDuplicateObjects: false });
  return `{{/* ${what} */}}\n{{- define "${chart}.rights.${name}" -}}\n${text}{{- end }}\n`;
}
