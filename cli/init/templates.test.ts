import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { filesOf, type TemplateName } from './templates.ts';

/** What is tried as an example, and by which name. */
const tried: readonly (readonly [TemplateName, string])[] = [
  ['http', 'page-size'],
  ['cron', 'report'],
  ['postgres', 'order-sink'],
  ['script', 'clock'],
];

describe('what init makes is an example of its own folder:', () => {
  test.each(tried)('%s is %s', (kind, name) => {
    const made = filesOf(name, kind, 'types.ts');
    for (const [path, text] of made) {
      if (path === 'kustomization.yaml' || path === 'deno.json') continue;
      const example = readFileSync(join('examples', kind, path), 'utf8');
      expect(text.replace(/^# yaml-language-server: .*\n/, '')).toBe(example);
    }
    const { imports } = JSON.parse(made.get('deno.json')!) as { imports: Record<string, string> };
    delete imports['redisworker'];
    const example = kind === 'http' ? '{"imports":{}}' : readFileSync(join('examples', kind, 'deno.json'), 'utf8');
    expect({ imports }).toEqual(JSON.parse(example));
  });

  test.each(tried)('%s has another name everywhere when it is given one', (kind, name) => {
    for (const [path, text] of filesOf('mine', kind, 'types.ts')) {
      expect([path, new RegExp(`\\b${name}\\b(?!Trace)`).exec(text)?.[0]]).toEqual([path, undefined]);
    }
  });
});

test('rhai is examples/rhai.yaml, with nothing beside it but a kustomization that names it', () => {
  const made = filesOf('pricing', 'rhai', 'types.ts');
  expect([...made.keys()]).toEqual(['pricing.yaml', 'kustomization.yaml']);
  const manifest = made.get('pricing.yaml')!.replace(/^# yaml-language-server: .*\n/, '');
  expect(manifest).toBe(readFileSync('examples/rhai.yaml', 'utf8'));
  expect(parse(made.get('kustomization.yaml')!)).toMatchObject({ resources: ['pricing.yaml'] });
  expect(filesOf('mine', 'rhai', 'types.ts').get('mine.yaml')).not.toContain('pricing');
});

test('the kustomization names what build writes', () => {
  const text = filesOf('mine', 'handler', 'types.ts').get('kustomization.yaml')!;
  expect(parse(text)).toMatchObject({ resources: ['built/mine.yaml'] });
});
