/** How long requests take, in a sketch of fixed size: whole numbers in buckets that widen with the time. Pure. */

/** Requests by bucket; see {@link quantileMs}. Old ones weigh less and less. */
export type LatencySketch = Readonly<Uint16Array>;

/** Bits of a time that tell its bucket within an octave: a bucket is at most an eighth of its times wide. */
const detailBits = 3;
const detail = 2 ** detailBits;
/** Milliseconds from here on, 17 minutes, fall into the last bucket. */
const ceilingMs = 2 ** 20;
const buckets = bucketOf(ceilingMs - 1) + 1;

/** Requests a sketch holds before all it holds counts half. */
const halvedAbove = 1000;

/** A sketch of no request. */
export const noLatency: LatencySketch = new Uint16Array(0);

/** A copy that {@link countLatency} may change. */
export function copyLatency(sketch: LatencySketch): Uint16Array {
  const copy = new Uint16Array(buckets);
  copy.set(sketch);
  return copy;
}

/** Counts a request into a sketch of {@link copyLatency}; `ms` is whole and not negative. */
export function countLatency(sketch: Uint16Array, ms: number): void {
  const bucket = bucketOf(Math.min(ms, ceilingMs - 1));
  sketch[bucket] = (sketch[bucket] ?? 0) + 1;
  if (sumOf(sketch) <= halvedAbove) return;
  for (let at = 0; at < sketch.length; at++) sketch[at] = (sketch[at] ?? 0) >> 1;
}

/** The time that this share of the requests took at most, within an eighth; undefined without any. */
export function quantileMs(sketch: LatencySketch, share: number): number | undefined {
  const rank = sumOf(sketch) * share;
  let seen = 0;
  for (let bucket = 0; bucket < sketch.length; bucket++) {
    seen += sketch[bucket] ?? 0;
    if (seen > 0 && seen >= rank) return middleOf(bucket);
  }
  return undefined;
}

/** A sketch that tells these quantiles again, and gives way to what comes. */
export function latencyFrom(p50Ms: number | undefined, p99Ms: number | undefined): LatencySketch {
  if (p50Ms === undefined || p99Ms === undefined) return noLatency;
  const sketch = copyLatency(noLatency);
  for (let at = 0; at < 98; at++) countLatency(sketch, p50Ms);
  for (let at = 0; at < 2; at++) countLatency(sketch, p99Ms);
  return sketch;
}

/** Times below 8 ms have a bucket each, those above 8 to an octave. */
function bucketOf(ms: number): number {
  if (ms < detail) return ms;
  const octave = 31 - Math.clz32(ms);
  return (octave - detailBits + 1) * detail + ((ms >> (octave - detailBits)) & (detail - 1));
}

function middleOf(bucket: number): number {
  if (bucket < detail) return bucket;
  const width = 2 ** (Math.floor(bucket / detail) - 1);
  return (detail + bucket % detail) * width + (width >> 1);
}

function sumOf(sketch: LatencySketch): number {
  let sum = 0;
  for (const count of sketch) sum += count;
  return sum;
}
