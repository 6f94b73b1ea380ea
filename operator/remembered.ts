/** Remembers what is made of the few things that come again and again. */

/**
 * A pure function that is asked the same again and again: of a text, or of an object that does not change.
 * @param most things it remembers: then it forgets all of them
 * @returns the function, whose results are shared and must not be changed
 */
export function remembered<T, K = string>(make: (of: K) => T, most = 500): (of: K) => T {
  const made = new Map<K, T>();
  return (of) => {
    if (made.has(of)) return made.get(of) as T;
    const result = make(of);
    if (made.size >= most) made.clear();
    made.set(of, result);
    return result;
  };
}
