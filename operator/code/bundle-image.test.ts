import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { bundleImage } from './bundle-image.ts';

const files = { 'worker.js': 'export default () => "ä";\n', 'a.map': 'x'.repeat(512) };

test('an image holds the files of a bundle, for all to read, and names what it is made of by digests', async () => {
  const { manifest, blobs: [layer, config] } = await bundleImage(files);
  const reader = extract();
  reader.end(gunzipSync(layer!.content));
  const found: Record<string, string> = {};
  for await (const entry of reader) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    found[entry.header.name] = Buffer.concat(chunks).toString();
    expect(entry.header).toMatchObject({ mode: 0o444, uid: 0, gid: 0, type: 'file' });
  }
  expect(found).toEqual(files);
  expect(JSON.parse(manifest.content.toString())).toMatchObject({
    config: { digest: config!.digest, size: config!.content.length },
    layers: [{ digest: layer!.digest, size: layer!.content.length }],
  });
  const diff = createHash('sha256').update(gunzipSync(layer!.content)).digest('hex');
  expect(JSON.parse(config!.content.toString())).toMatchObject({ rootfs: { diff_ids: [`sha256:${diff}`] } });
});

test('the same files give the same image', async () => {
  const { manifest: { digest } } = await bundleImage(files);
  expect(digest).toBe((await bundleImage({ ...files })).manifest.digest);
  expect(digest).not.toBe((await bundleImage({ 'worker.js': '' })).manifest.digest);
});
