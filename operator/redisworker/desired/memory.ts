/** Reads memory quantities as Kubernetes writes them. */

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** MiB of a quantity such as `128Mi`, `0.5Gi` or `134217728`; undefined when it is none. */
export function memoryMiB(quantity: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(String(quantity));
  if (!match?.[1]) return undefined;
  const unit = units[match[2] ?? ''] ?? 1;
  return Math.floor((Number(match[1]) * unit) / 1024 ** 2);
}
