/** Code as large as it is asked for. */
import { createHash } from 'node:crypto';

/** Text that compresses to three quarters of its length, the same each time. */
export function noise(bytes: number): string {
  const blocks = Array.from(
    { length: Math.ceil(bytes / 1024) },
    (_, at) =>
      Array.from({ length: 24 }, (__, part) => createHash('sha256').update(`${at} ${part}`).digest('base64')).join('')
        .slice(0, 1024),
  );
  return blocks.join('').slice(0, bytes);
}

/** Declarations as a package has them, each with a body of its own. */
export function manyFunctions(bytes: number): string {
  const one = (at: number) =>
    `export function f${at}(value, options = {}) {\n  const { limit = ${at}, label = 'f${at}' } = options;\n` +
    `  if (typeof value !== 'object' || value === null) throw new TypeError(label + ' takes an object, not ' + value);\n` +
    `  const names = Object.keys(value).filter((name) => name.length < limit).map((name) => name.toUpperCase());\n` +
    `  for (const name of names) value[name] = { label, at: ${at}, text: \`\${name} of \${label}\` };\n  return names.length;\n}\n`;
  const made: string[] = [];
  for (let at = 0, length = 0; length < bytes; at += 1) {
    const text = one(at);
    made.push(text);
    length += text.length;
  }
  return made.join('');
}
