/** Quantities as Kubernetes writes them, by value: an API server rewrites `1024Mi` to `1Gi` and `1000m` to `1`. */

/** Whole text of a quantity; means the same in RE2 and in JavaScript. */
export const quantityPattern = '^([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]{1,2})?$';

const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Readonly<Record<string, bigint>> = {
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
  Ei: 2n ** 60n,
};

/** Digits after the point of what is told apart: nothing finer is kept, and of a resource no more than thousandths. */
const nano = 9;
const milli = 3;

/** The largest amount with a binary suffix; more is cut down to it. */
const largestBinary = 2n ** 63n - 1n;

/** How much a quantity is, in billionths; undefined for what is none. */
export function quantityValue(given: string | number): bigint | undefined {
  const match = new RegExp(quantityPattern).exec(String(given));
  if (!match) return undefined;
  const [whole = '', fraction = ''] = (match[1] ?? '').split('.');
  const suffix = match[3] ?? '';
  const exponent = /^[eE][-+0-9]/.test(suffix) ? Number(suffix.slice(1)) : decimal[suffix] ?? 0;
  const factor = binary[suffix];
  const value = shifted(BigInt(`${whole}${fraction}`) * (factor ?? 1n), nano - fraction.length + exponent);
  const most = shifted(largestBinary, nano);
  return factor !== undefined && value > most ? most : value;
}

/** True for two amounts of a resource that an API server stores alike: it keeps thousandths. */
export function sameQuantity(one: string | number, other: string | number): boolean {
  const [first, second] = [quantityValue(one), quantityValue(other)];
  return first !== undefined && second !== undefined && shifted(first, milli - nano) === shifted(second, milli - nano);
}

/** Whole bytes of a quantity; undefined for what is none. */
export function bytesOf(given: string | number): bigint | undefined {
  const value = quantityValue(given);
  return value === undefined ? undefined : value / 10n ** BigInt(nano);
}

/** A number times a power of ten, rounded up. */
function shifted(number: bigint, exponent: number): bigint {
  if (exponent >= 0) return number * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  return (number + divisor - 1n) / divisor;
}
