/** Rules on the name of a worker, for what becomes of it. */
import type { Rule } from './rules.ts';

/** What a worker type may be called: it begins the keys. */
export const typePattern = '^[a-z][-a-z0-9_]{0,62}$';

/** What rules on the whole object look at. */
export interface Whole {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly type?: string };
}

/** It becomes a label of the pods. */
export const nameIsLabel: Rule<Whole> = {
  rule: 'size(self.metadata.name) <= 63',
  message: 'metadata.name must be at most 63 characters, because it becomes a label of the pods: choose a shorter name',
  holds: ({ metadata }) => metadata.name.length <= 63,
};

/** Without a type it is the type. */
export const nameOrType: Rule<Whole> = {
  rule: `has(self.spec.type) || self.metadata.name.matches(r'${typePattern}')`,
  message:
    'metadata.name cannot serve as the worker type, which has lower-case letters, digits, "-" and "_" and starts with a letter: give spec.type',
  field: ['spec', 'type'],
  holds: ({ metadata, spec: { type: given } }) => given !== undefined || new RegExp(typePattern).test(metadata.name),
};

const servicePattern = '^[a-z]([-a-z0-9]*[a-z0-9])?$';

/** A Service is a name in DNS. */
export const nameOfService: Rule<Whole & { readonly spec: { readonly http?: unknown } }> = {
  rule: `!has(self.spec.http) || self.metadata.name.matches(r'${servicePattern}')`,
  message:
    'spec.http makes a Service of the name of the worker, and metadata.name is none: lower-case letters, digits and "-", with a letter first; choose another name',
  field: ['spec', 'http'],
  holds: ({ metadata, spec: { http: served } }) =>
    served === undefined || new RegExp(servicePattern).test(metadata.name),
};
