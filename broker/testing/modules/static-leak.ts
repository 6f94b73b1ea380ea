/** Reads a file that is none of its own by a name that stands in an import. */
import text from 'file:///etc/passwd' with { type: 'text' };

export const leak = (): string => text;
