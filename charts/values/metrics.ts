/** Metrics, and who looks at them. */
import { z } from 'zod';
import { dataKey, kubernetesList, optional, optionalName, optionalNamespace, texts } from './words.ts';

const duration = () => optional(/([0-9]+(ms|s|m|h))+/);

const serviceMonitor = z.strictObject({
  enabled: z.boolean().default(false).describe('Make a ServiceMonitor; needs the CRDs of the Prometheus operator.'),
  namespace: optionalNamespace().default('').describe('Its namespace; that of the release when empty.'),
  labels: texts().describe('Labels by which a Prometheus selects it.'),
  annotations: texts().describe('Its annotations.'),
  interval: duration().default('').describe("Time between two scrapes; the Prometheus' own when empty."),
  scrapeTimeout: duration().default('').describe("Time a scrape may take; the Prometheus' own when empty."),
  tlsConfig: z.record(z.string(), z.unknown()).default({}).describe(
    'How the certificate is checked with authentication; when empty by the name of the Service, and not at all where the operator signs it.',
  ),
  tokenSecret: z.strictObject({
    name: optionalName().default('').describe(
      "Name of the Secret, in the namespace of the ServiceMonitor; the token of the Prometheus' own ServiceAccount when empty.",
    ),
    key: dataKey('token').describe('Its key with the token.'),
  }).prefault({}).describe('Token that is shown with authentication.'),
  relabelings: kubernetesList().describe('Changes of labels before a scrape.'),
  metricRelabelings: kubernetesList().describe('Changes of labels after a scrape.'),
}).prefault({}).describe('How a Prometheus of the Prometheus operator finds the metrics.');

const prometheusRule = z.strictObject({
  enabled: z.boolean().default(false).describe('Make a PrometheusRule; needs the CRDs of the Prometheus operator.'),
  namespace: optionalNamespace().default('').describe('Its namespace; that of the release when empty.'),
  labels: texts().describe('Labels by which a Prometheus selects it.'),
  annotations: texts().describe('Its annotations.'),
  alertLabels: texts().describe('Further labels of every alert.'),
  runbookUrl: optional(/https?:\/\/.+/).default('').describe(
    'Where you serve docs/reference/alerts.md: each alert links to its part of it.',
  ),
}).prefault({}).describe('Alerts, each with what to do about it.');

const dashboard = z.strictObject({
  enabled: z.boolean().default(false).describe('Make a ConfigMap that the sidecar of Grafana takes up.'),
  namespace: optionalNamespace().default('').describe('Its namespace; that of the release when empty.'),
  labels: z.record(z.string(), z.string()).default({ grafana_dashboard: '1' }).describe(
    'Labels by which the sidecar finds it.',
  ),
  annotations: texts().describe('Its annotations, such as grafana_folder.'),
}).prefault({}).describe('A dashboard for Grafana.');

/** Everything about metrics. */
export const metrics = z.strictObject({
  authentication: z.enum(['None', 'TokenReview']).default('None').describe(
    'None: /metrics beside the probes, for whoever may connect. TokenReview: on a port of its own, with TLS, for whom the API server lets get /metrics; needs the cluster-wide right to ask it, so not with watchNamespace.',
  ),
  certSecret: z.strictObject({
    name: optionalName().default('').describe(
      'Name of the Secret; the operator signs a certificate itself when empty.',
    ),
    certKey: dataKey('tls.crt').describe('Its key with the certificate and its chain.'),
    keyKey: dataKey('tls.key').describe('Its key with the private key.'),
  }).prefault({}).describe('Certificate of the metrics with authentication, and of the status page.'),
  perWorkerLimit: z.int().min(0).max(99_999).default(1000).describe(
    'Workers that have metrics of their own, the oldest first; the others are added up.',
  ),
  service: z.strictObject({
    enabled: z.boolean().default(true).describe('Make a Service for the metrics.'),
    annotations: texts().describe('Its annotations, such as prometheus.io/scrape.'),
  }).prefault({}).describe('Service that leads to the metrics of all replicas.'),
  serviceMonitor,
  prometheusRule,
  dashboard,
}).prefault({}).describe('Metrics of the operator.');
