/** Small parts of several views. */
import type { ComponentChildren } from 'preact';
import type { Standing } from '../../operator/page/model.ts';

const tones: Readonly<Record<Standing, string>> = {
  Ready: 'good',
  Reconciling: 'busy',
  NotReady: 'bad',
  Stalled: 'bad',
  New: 'busy',
};
const texts: Readonly<Record<Standing, string>> = {
  Ready: 'Ready',
  Reconciling: 'Reconciling',
  NotReady: 'Not ready',
  Stalled: 'Stalled',
  New: 'New',
};

/** How a worker stands, by word and colour. */
export function StandingBadge({ standing, suspended }: { readonly standing: Standing; readonly suspended: boolean }) {
  const rests = suspended && standing !== 'Stalled';
  return <span class={`badge ${rests ? 'idle' : tones[standing]}`}>{rests ? 'Suspended' : texts[standing]}</span>;
}

/** One number with its name. */
export function Figure({ name, tone = '', children }: {
  readonly name: string;
  readonly tone?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div class='figure'>
      <dt>{name}</dt>
      <dd class={tone}>{children}</dd>
    </div>
  );
}

/** A part of a view, under its name. */
export function Section({ title, aside, children }: {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class='card'>
      <h2>{title}{aside !== undefined && <span class='quiet'>{aside}</span>}</h2>
      {children}
    </section>
  );
}

/** What is shown where there is nothing. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class='empty'>
      <p>{title}</p>
      {children !== undefined && <p class='quiet'>{children}</p>}
    </div>
  );
}

const [width, height] = [96, 24];

/** Rates as a line without axes: the shape of the last 15 minutes. */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  const most = Math.max(...values, 0);
  if (values.length < 2 || most === 0) {
    return (
      <svg class='spark flat' viewBox={`0 0 ${width} ${height}`} aria-hidden='true'>
        <path d={`M0 ${height - 2}H${width}`} />
      </svg>
    );
  }
  const step = width / 59;
  const start = width - step * (values.length - 1);
  const points = values.map((value, at) =>
    `${(start + at * step).toFixed(1)} ${(height - 2 - (value / most) * (height - 5)).toFixed(1)}`
  );
  return (
    <svg class='spark' viewBox={`0 0 ${width} ${height}`} aria-hidden='true'>
      <path class='area' d={`M${start.toFixed(1)} ${height}L${points.join('L')}L${width} ${height}Z`} />
      <path d={`M${points.join('L')}`} />
    </svg>
  );
}
