/** The handler every contender runs: reads the request's JSON and answers about 50 bytes. */
export default function handle({ data }: { readonly data: unknown }): unknown {
  const { user } = data as { readonly user: number };
  return { status: 'done', user, size: 1234, text: 'twelve bytes' };
}
