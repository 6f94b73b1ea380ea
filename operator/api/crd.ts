/** The CustomResourceDefinition, made from the schema. Nothing here is written twice. */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { validation } from './rules.ts';
import { apiVersion, kind, redisWorker, spec, typeNeverChanges } from './schema.ts';
import { status } from './fields/status.ts';
import { structural, type StructuralSchema, validationsOf } from './structural.ts';
import { version as productVersion } from '../version.ts';

const [group = '', version = ''] = apiVersion.split('/');
const plural = 'redisworkers';

/** Name of the CRD, and of the file it is generated into. */
export const crdName = `${plural}.${group}`;

/** A column of `kubectl get redisworkers` and of the status table of local mode. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  /** JSONPath of the simple kind: fields, and one filter on the type of a condition. */
  readonly jsonPath: string;
  /** 0: always shown; 1: with `-o wide` alone. */
  readonly priority: number;
  readonly description: string;
}

const ready = '.status.conditions[?(@.type=="Ready")]';

/** In the order they are shown. */
export const printerColumns: readonly PrinterColumn[] = [
  column('Ready', 'string', `${ready}.status`, 'Whether every wanted consumer works.'),
  column('Consumers', 'string', '.status.consumersReady', 'Ready and wanted consumers.'),
  column('Backlog', 'integer', '.status.stream.backlog', 'Requests that are not finished.'),
  column('OK', 'integer', '.status.responses.succeeded', 'Responses with a code from 200 to 299.'),
  column('Failed', 'integer', '.status.responses.failed', 'Responses with any other code.'),
  column('Age', 'date', '.metadata.creationTimestamp', 'Time since the worker was created.'),
  column('Reason', 'string', `${ready}.reason`, 'Why it is ready or not.', 1),
  column('Lag', 'integer', '.status.stream.lag', 'Requests not yet delivered.', 1),
  column('Pending', 'integer', '.status.stream.pending', 'Requests delivered and not acknowledged.', 1),
  column('Scope', 'string', '.status.network.scopeSummary', 'What the worker may reach.', 1),
];

function column(
  name: string,
  type: PrinterColumn['type'],
  jsonPath: string,
  description: string,
  priority = 0,
): PrinterColumn {
  return { name, type, jsonPath, description, priority };
}

let made: StructuralSchema | undefined;

/** The schema the API server checks a RedisWorker against; made once, not to be changed. */
export function openApiSchema(): StructuralSchema {
  return (made ??= makeOpenApiSchema());
}

function makeOpenApiSchema(): StructuralSchema {
  return {
    description:
      'A worker type: its code, what it may reach, and the consumers that run it for the requests of a Redis stream.',
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', maxLength: 253 },
      kind: { type: 'string', maxLength: 63 },
      metadata: { type: 'object' },
      spec: { description: 'What is wanted.', ...structural(spec) },
      status: {
        description: 'What the operator has seen.',
        ...structural(status),
        default: { observedGeneration: -1 },
      },
    },
    'x-kubernetes-validations': [...validationsOf(redisWorker), validation(typeNeverChanges)],
  };
}

/** The whole CRD as an object. */
export function crd(): object {
  const spec = crdSpec();
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: crdName,
      annotations: { [crdAnnotations.version]: productVersion, [crdAnnotations.schema]: digestOf(spec) },
    },
    spec,
  };
}

/** What tells an installed definition from another: the version it came with, and what it says. */
export const crdAnnotations = { version: `${group}/version`, schema: `${group}/schema` } as const;

function digestOf(spec: object): string {
  return `sha256-${createHash('sha256').update(JSON.stringify(spec)).digest('hex')}`;
}

function crdSpec(): object {
  return {
    group,
    scope: 'Namespaced',
    names: { plural, singular: 'redisworker', kind, listKind: `${kind}List`, shortNames: ['rw'] },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: openApiSchema() },
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.consumers.count',
            statusReplicasPath: '.status.replicas',
            labelSelectorPath: '.status.selector',
          },
        },
        additionalPrinterColumns: printerColumns,
      },
    ],
  };
}

/** The CRD as YAML that readers of YAML 1.1 and 1.2 take alike. */
export function crdYaml(): string {
  return `# Generated from operator/api by \`npm run generate\`; change it there.\n${
    stringify(crd(), { compat: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false })
  }`;
}
