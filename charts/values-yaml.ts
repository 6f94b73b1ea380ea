/** values.yaml: every value with its default, and its description above it. Pure. */
import { stringify } from 'yaml';
import { isSection, type ValueSchema } from './json-schema.ts';

const columns = 120;

/** The text of values.yaml. */
export function valuesYaml(schema: ValueSchema, presets: Readonly<Record<string, unknown>>): string {
  return `# Generated from charts/values by \`npm run generate\`; change it there.\n${
    sectionLines(schema, presets, '').join('\n')
  }\n`;
}

function sectionLines(section: ValueSchema, presets: Readonly<Record<string, unknown>>, indent: string): string[] {
  return Object.entries(section.properties ?? {}).flatMap(([name, schema]) => {
    const preset = presets[name];
    const comment = wrapped(schema.description ?? '', columns - indent.length - 2).map((line) => `${indent}# ${line}`);
    const value = isSection(schema)
      ? [`${indent}${name}:`, ...sectionLines(schema, preset as Readonly<Record<string, unknown>>, `${indent}  `)]
      : stringify({ [name]: preset }, { lineWidth: 0, compat: 'yaml-1.1' }).trimEnd().split('\n').map((line) =>
        `${indent}${line}`
      );
    return [...(indent === '' ? [''] : []), ...comment, ...value];
  });
}

/** Words in lines of at most `width` characters. */
function wrapped(text: string, width: number): string[] {
  return text.split(' ').reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);
}
