/** The wire's MicroTime: RFC 3339 with exactly six digits; the API server answers 400 to three. */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
