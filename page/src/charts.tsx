/** Charts over the last 15 minutes. What they show stands beside them in words: a canvas tells a screen reader nothing. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Series } from '../../operator/page/model.ts';
import { Empty } from './parts.tsx';
import { amount, rate } from './words.ts';

const height = 190;

export function RateChart({ series }: { readonly series: Series }) {
  const { times, succeededPerSecond, failedPerSecond } = series;
  const both = succeededPerSecond.map((value, at) => value + (failedPerSecond[at] ?? 0));
  if (times.length === 0) return <Empty title='The first sample comes in 15 seconds' />;
  const most = Math.max(...both);
  return (
    <Chart
      label={`Responses per second over the last 15 minutes: now ${rate(both.at(-1) ?? 0)}, at most ${rate(most)}`}
      data={[[...times], both, [...failedPerSecond]]}
      lines={[{ label: 'all', color: '--good' }, { label: 'failed', color: '--bad' }]}
      format={rate}
    />
  );
}

export function BacklogChart({ series }: { readonly series: Series }) {
  const { times, backlog } = series;
  if (times.length === 0) return <Empty title='The first sample comes in 15 seconds' />;
  if (!backlog.some((value) => value !== null)) return <Empty title='The backlog is not known' />;
  return (
    <Chart
      label={`Backlog over the last 15 minutes: now ${amount(backlog.at(-1) ?? undefined)}`}
      data={[[...times], [...backlog]]}
      lines={[{ label: 'backlog', color: '--busy' }]}
      format={amount}
    />
  );
}

function Chart({ label, data, lines, format }: {
  readonly label: string;
  readonly data: uPlot.AlignedData;
  readonly lines: readonly { readonly label: string; readonly color: string }[];
  readonly format: (value: number) => string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const { current: element } = place;
    if (element === null) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(element, lines, format), data, element);
    };
    const colours = matchMedia('(prefers-color-scheme: dark)');
    const sized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    draw();
    sized.observe(element);
    colours.addEventListener('change', draw);
    return () => {
      sized.disconnect();
      colours.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [data]);
  return (
    <>
      <div class='chart' role='img' aria-label={label} ref={place} />
      {lines.length > 1 && (
        <p class='legend'>
          {lines.map(({ label: name, color }) => <span key={name} class={color.slice(2)}>{name}</span>)}
        </p>
      )}
    </>
  );
}

function optionsOf(
  element: HTMLElement,
  lines: readonly { readonly label: string; readonly color: string }[],
  format: (value: number) => string,
): uPlot.Options {
  const styles = getComputedStyle(element);
  const colour = (name: string): string => resolved(element, name);
  const axis = {
    stroke: colour('--quiet'),
    font: `11px ${styles.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height,
    padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    legend: { show: false },
    scales: {
      x: { time: true, range: (_, __, max) => [max - 900, max] },
      y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, splits) => splits.map(clockTime) },
      { ...axis, size: 52, values: (_, splits) => splits.map((value) => format(value)) },
    ],
    series: [
      {},
      ...lines.map(({ label, color }) => ({
        label,
        stroke: colour(color),
        fill: colour(color).replace('rgb(', 'rgba(').replace(')', ', .14)'),
        width: 1.75,
        points: { show: false },
      })),
    ],
  };
}

/** A canvas knows no variables of CSS: what one comes to is read from an element that has it. */
function resolved(element: HTMLElement, variable: string): string {
  element.style.color = `var(${variable})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}

function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}
