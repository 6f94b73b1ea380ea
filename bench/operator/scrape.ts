/** The operator's own metrics, as far as the bench reads them. */

/** One sample of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

/** Reads /metrics. */
export async function scrape(httpUrl: string): Promise<readonly Sample[]> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels, value: Number(value) }];
  });
}

/** All samples of a name added up. */
export function sumOf(samples: readonly Sample[], name: string): number {
  return samples.reduce((sum, sample) => (sample.name === name ? sum + sample.value : sum), 0);
}

/** Quantile in seconds of what a histogram saw between two scrapes; evenly spread within its bucket. Undefined when nothing. */
export function quantileOf(
  before: readonly Sample[],
  after: readonly Sample[],
  name: string,
  share: number,
): number | undefined {
  const counts = bucketsOf(after, name).map(({ upTo, count }) => ({
    upTo,
    count: count - (bucketsOf(before, name).find((one) => one.upTo === upTo)?.count ?? 0),
  }));
  const wanted = (counts.at(-1)?.count ?? 0) * share;
  if (wanted === 0) return undefined;
  let [below, from] = [0, 0];
  for (const { upTo, count } of counts) {
    if (count >= wanted) {
      return upTo === Infinity ? from : from + (upTo - from) * ((wanted - below) / (count - below));
    }
    [below, from] = [count, upTo];
  }
  return undefined;
}

function bucketsOf(samples: readonly Sample[], name: string): { upTo: number; count: number }[] {
  const counts = new Map<number, number>();
  for (const { name: of, labels, value } of samples) {
    if (of !== `${name}_bucket`) continue;
    const [, bound = ''] = /le="([^"]+)"/.exec(labels) ?? [];
    const upTo = bound === '+Inf' ? Infinity : Number(bound);
    counts.set(upTo, (counts.get(upTo) ?? 0) + value);
  }
  return [...counts].map(([upTo, count]) => ({ upTo, count })).sort((one, other) => one.upTo - other.upTo);
}
