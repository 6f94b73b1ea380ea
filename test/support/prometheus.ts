/** A Prometheus of the test's own that scrapes one operator, and what it answers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, start } from './processes.ts';
import { eventually } from './wait.ts';

/** A series of an answer: its labels, and its value now. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A rule as Prometheus sees it. */
export interface LoadedRule {
  readonly name: string;
  readonly state: 'firing' | 'pending' | 'inactive';
  /** "unknown" until it has been evaluated. */
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
  readonly alerts: readonly {
    readonly state: 'firing' | 'pending';
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/** Answers of its HTTP API. All throw when it refuses a question, with its words. */
export interface TestPrometheus {
  query(expr: string): Promise<readonly Sample[]>;
  /** Values of a label among the series of a selector. */
  labelValues(label: string, series: string): Promise<readonly string[]>;
  rules(): Promise<readonly LoadedRule[]>;
  stop(): Promise<void>;
}

/** Where the metrics are, and what a ServiceMonitor would say of them. */
export interface Scraped {
  readonly program: string;
  /** `host:port` whose path /metrics is read each second. */
  readonly target: string;
  readonly job: string;
  /** Labels of the target. */
  readonly labels: Readonly<Record<string, string>>;
  /** The text of a file of rules. */
  readonly rules: string;
}

/** Starts it and waits until it answers. */
export async function startPrometheus(scraped: Scraped): Promise<TestPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'redisworker-prometheus-'));
  await writeFile(join(folder, 'rules.yml'), scraped.rules);
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(configuration(scraped)));
  const address = `127.0.0.1:${await freePort()}`;
  const server = start(scraped.program, [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--log.level=warn',
  ]);
  const get = async (path: string, fields: Record<string, string> = {}): Promise<unknown> => {
    const response = await fetch(`http://${address}/api/v1/${path}?${new URLSearchParams(fields).toString()}`);
    const { status, data, error } = (await response.json()) as { status: string; data: unknown; error?: string };
    if (status !== 'success') throw new Error(`${fields['query'] ?? path}: ${error}`);
    return data;
  };
  await eventually(
    'Prometheus is ready',
    async () => (await fetch(`http://${address}/-/ready`)).ok,
    60_000,
  ).catch((cause: unknown) => {
    throw new Error(`Prometheus does not start: ${server.output()}`, { cause });
  });
  return {
    async query(expr) {
      const { result } = (await get('query', { query: expr })) as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      return result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
    },
    labelValues: async (label, series) => (await get(`label/${label}/values`, { 'match[]': series })) as string[],
    async rules() {
      const { groups } = (await get('rules')) as { groups: { rules: LoadedRule[] }[] };
      return groups.flatMap(({ rules }) => rules);
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** As the chart's ServiceMonitor has it made, but that it reads each second. */
function configuration({ target, job, labels }: Scraped): object {
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    scrape_configs: [{ job_name: job, honor_labels: true, static_configs: [{ targets: [target], labels }] }],
  };
}
