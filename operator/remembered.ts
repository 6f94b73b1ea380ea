/** Remembers what is made of the few texts that come again and again. */

/**
 * A pure function of a text that is asked the same at every look.
 * @returns the function, whose results are shared and must not be changed
 */
export function remembered<T>(make: (text: string) => T, most = 500): (text: string) => T {
  const made = new Map<string, T>();
  return (text) => {
    if (made.has(text)) return made.get(text) as T;
    const result = make(text);
    if (made.size >= most) made.clear();
    made.set(text, result);
    return result;
  };
}
