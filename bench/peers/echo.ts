/** The handler of large payloads: gives back what it got. */
export default function echo({ data }: { readonly data: unknown }): unknown {
  return data;
}
