/** The status page of the operator. */
import { z } from 'zod';
import { texts } from './words.ts';

/** Whether it is served, and by which Service it is reached. */
export const page = z.strictObject({
  enabled: z.boolean().default(false).describe(
    'Serve it, read-only, over TLS with the certificate of metrics.certSecret, to whom the API server lets get /page; needs the cluster-wide right to ask it, so not with watchNamespace.',
  ),
  service: z.strictObject({
    enabled: z.boolean().default(true).describe(
      'Make a Service for it, for a proxy of yours; "redisworker page" needs none.',
    ),
    annotations: texts().describe('Its annotations.'),
  }).prefault({}).describe('Service that leads to the page; a replica that stands by refuses with a sentence.'),
}).prefault({}).describe('The status page of the operator: workers of all namespaces, and their requests.');
