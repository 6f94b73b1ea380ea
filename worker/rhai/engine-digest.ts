/** What engine.wasm is: its digest, and the pages of memory it begins with. Written by `npm run rhai-engine`. */
export const engineDigest = 'sha256-284592a1f8cb0f8cf49f6d035a3f231d1d218e095195bdb4f3e21b7d1d6d98d8';
export const enginePages = 131;
