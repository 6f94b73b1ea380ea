/** What a body is taken to be where a script does not say: as browsers tell it by what it begins with. */

const html =
  /^[\t\n\f\r ]*<(!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|BODY|BR|B|P|!--)[ >]/i;
const marks: readonly (readonly [RegExp, string])[] = [
  [html, 'text/html; charset=utf-8'],
  [/^[\t\n\f\r ]*<\?xml/, 'text/xml; charset=utf-8'],
  [/^%PDF-/, 'application/pdf'],
  [/^%!PS-Adobe-/, 'application/postscript'],
];
/** What no text has. */
// deno-lint-ignore no-control-regex
const binary = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

/** Characters that are looked at. */
const head = 512;

/** The content type of a body. */
export function contentTypeOf(body: string): string {
  const start = body.slice(0, head);
  const marked = marks.find(([mark]) => mark.test(start));
  if (marked) return marked[1];
  return binary.test(start) ? 'application/octet-stream' : 'text/plain; charset=utf-8';
}
