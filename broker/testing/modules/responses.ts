/** Responses, returned and thrown. */
export const returnForbidden = (): Response => new Response('no', { status: 403, headers: { 'x-why': 'because' } });
export const throwForbidden = (): never => {
  throw returnForbidden();
};
export const describe = async (request: Request): Promise<string> =>
  `${request.method} ${new URL(request.url).pathname} ${request.headers.get('x-a')} ${await request.text()}`;

/** Says a word for each that comes in, as it comes. */
export function shout(request: Request): Response {
  const upper = new TransformStream<string, string>({
    transform: (text, controller) => controller.enqueue(text.toUpperCase()),
  });
  const body = request.body?.pipeThrough(new TextDecoderStream()).pipeThrough(upper).pipeThrough(
    new TextEncoderStream(),
  );
  return new Response(body, { status: 201, statusText: 'Shouted' });
}

let pulled = 0;
/** Bytes without an end, made as they are taken. */
export const endless = (): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(64 * 1024));
    },
    cancel: () => void (pulled = -1),
  }, { highWaterMark: 0 });
export const pulls = (): number => pulled;
export const breaksOff = (): ReadableStream<string> =>
  new ReadableStream({
    start: (controller) => controller.enqueue('one'),
    pull: (controller) => controller.error(new RangeError('broken off')),
  }, { highWaterMark: 0 });
