/** Which host names can ever be dialled. Deno's own check is looser: it accepts names that never match. */

const label = /^[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?$/;

/** What is wrong with a lower-case host name or `*.` wildcard, as the rest of a sentence; undefined when nothing is. */
export function hostProblem(host: string): string | undefined {
  if (host === '*') return 'means every host: set permissions.allowAllNet to Granted if that is what you want';
  const wildcard = host.startsWith('*.');
  const name = wildcard ? host.slice(2) : host;
  if (name.includes('*')) {
    return 'has a star in a place Deno does not take it: write it as the whole first label, as in *.example.com';
  }
  const labels = name.split('.');
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) {
    return 'ends in a number but is no IPv4 address, so nothing ever matches it: write four numbers of 0 to 255 without leading zeros, as in 10.0.0.1, or a block as in 10.0.0.0/8';
  }
  if (name.length > 253) return 'is longer than 253 characters: no host name is';
  const bad = labels.find((part) => !label.test(part));
  if (bad !== undefined) return labelProblem(bad);
  if (wildcard && labels.length < 2) {
    return `covers every name under ".${name}": write at least two labels after the star, as in *.example.com`;
  }
  return undefined;
}

function labelProblem(part: string): string {
  if (part === '') return 'has an empty label: write a name as in api.example.com';
  if (part.length > 63) return 'has a label of more than 63 characters, which DNS cannot hold: shorten it';
  if (/^[-a-z0-9_]+$/.test(part)) {
    return `has the label "${part}", which begins or ends with a hyphen and never resolves: remove the hyphen`;
  }
  return `has a character no host name has in "${part}": use letters, digits, hyphens and underscores`;
}
