/** Foreign text made fit for a status: bounded, without control characters, and the same when it is read back. Pure. */

/** Escape sequences of a terminal: colours, cursor, titles. */
const sequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** The text without what only a terminal reads; line ends stay. */
export function ownWords(text: string): string {
  return text.replace(sequences, '').replace(/\r\n?/g, '\n').replace(controls, '');
}

/** The same in one line. */
export function inOneLine(text: string): string {
  return ownWords(text).replace(/\s+/g, ' ').trim();
}

/** At most `max` characters, never half of one: JSON would bring that back as another character. */
export function bounded(text: string, max: number): string {
  return (text.length > max ? `${text.slice(0, max - 1)}…` : text).toWellFormed();
}
