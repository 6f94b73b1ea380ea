/** How code of workers that is elsewhere is resolved. */
import { z } from 'zod';
import { defaultJobResources } from '../../operator/code-flags.ts';
import { optional } from './words.ts';

const quantities = (preset: Readonly<Record<string, string>>) =>
  z.record(z.string(), z.union([z.string(), z.number()])).default(preset);
const registry = () => optional(/https?:\/\/[^\s?#@]+/).default('');

/** Jobs, and the registries their code is from. */
export const code = z.strictObject({
  jobs: z.boolean().default(true).describe(
    'Let a short-lived Job, in the namespace of the worker, resolve spec.source.url, release and git.',
  ),
  resources: z.strictObject({
    requests: quantities(defaultJobResources.requests).describe('What the scheduler keeps for it.'),
    limits: quantities(defaultJobResources.limits).describe('What it may not exceed.'),
  }).prefault({}).describe('Resources of such a Job.'),
  npmRegistry: registry().describe('Where that code has npm: packages from; the public registry when empty.'),
  jsrRegistry: registry().describe('Where that code has jsr: packages from; the public registry when empty.'),
}).prefault({}).describe('Code of workers that is elsewhere.');
