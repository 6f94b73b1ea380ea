/**
 * Objects that are kept by the thousand say the same in most of what they say: one that is kept shares with another one
 * like it every part that is equal in both.
 */

/**
 * The value with the parts of `model` in the places where it has equal ones. Nobody may change either afterwards.
 * @param value given away: it is what is returned, or parts of it are
 */
export function sharingParts<T>(value: T, model: unknown): T {
  return shared(value, model) as T;
}

function shared(value: unknown, model: unknown): unknown {
  if (value === model) return model; // equal texts too
  if (!isCompound(value) || !isCompound(model) || Array.isArray(value) !== Array.isArray(model)) return value;
  const names = Object.keys(value);
  const others = Object.keys(model);
  let isEqual = names.length === others.length;
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    const isThere = others[at] === name || Object.hasOwn(model, name);
    const [part, other] = [value[name], isThere ? model[name] : undefined];
    const found = part === other ? other : shared(part, other);
    isEqual &&= found === other && others[at] === name;
    if (found !== part) value[name] = found;
  }
  return isEqual ? model : value;
}

function isCompound(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
