/** The CustomResourceDefinition, made from the schema. Nothing here is written twice. */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { type PrinterColumn, printerColumns } from './printer-columns.ts';
import { validation } from './rules.ts';
import { apiVersion, kind, redisWorker, spec, typeNeverChanges } from './schema.ts';
import { status } from './fields/status.ts';
import { structural, type StructuralSchema, validationsOf } from './structural.ts';
import { version as productVersion } from '../version.ts';

const [group = '', version = ''] = apiVersion.split('/');
const plural = 'redisworkers';

/** Name of the CRD, and of the file it is generated into. */
export const crdName = `${plural}.${group}`;

let made: StructuralSchema | undefined;
let madeOfStatus: StructuralSchema | undefined;

/** The schema the API server checks a RedisWorker against; made once, not to be changed. */
export function openApiSchema(): StructuralSchema {
  return (made ??= makeOpenApiSchema());
}

/** The part of it that bounds a status: every operator needs it at its first look, and nobody there the rest. */
export function statusSchema(): StructuralSchema {
  return (madeOfStatus ??= structural(status));
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
        ...statusSchema(),
        default: { observedGeneration: -1 },
        // It is written whole, by one writer: an owner of each of its fields would be a quarter of what a write costs.
        'x-kubernetes-map-type': 'atomic',
      },
    },
    'x-kubernetes-validations': [...validationsOf(redisWorker), validation(typeNeverChanges)],
  };
}

/** The API server leaves out a priority of zero: whoever compares what it has with this file would find a difference. */
function withoutZero({ priority, ...column }: PrinterColumn): object {
  return priority === 0 ? column : { ...column, priority };
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
        additionalPrinterColumns: printerColumns.map(withoutZero),
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
