/** The page as one file without external assets, and the policy under which a browser runs nothing else. */
import { createHash } from 'node:crypto';

/** Script and style of the page, made by page/build.ts. */
export interface PageParts {
  readonly script: string;
  readonly style: string;
}

/** What is served. */
export interface PageFile {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

const load = async (): Promise<PageFile> => assembled(await (await import('../../page/build.ts')).buildPage());
let made: Promise<PageFile> | undefined;

/** The page, made when it is first asked for: from its sources in a clone; a package and an image bring it made. */
export function pageFile(): Promise<PageFile> {
  return made ??= load().catch((error: unknown) => {
    made = undefined;
    throw error;
  });
}

/** Puts the parts together. */
export function assembled({ script, style }: PageParts): PageFile {
  const safe = script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  return {
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>redisworker</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="page"><noscript>This page needs JavaScript.</noscript></div>
<script type="module">${safe}</script>
</body>
</html>
`,
    contentSecurityPolicy: [
      "default-src 'none'",
      `script-src ${digestOf(safe)}`,
      `style-src ${digestOf(style)}`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join('; '),
  };
}

function digestOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
