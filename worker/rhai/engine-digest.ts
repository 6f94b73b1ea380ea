/** The digest of engine.wasm. Written by `npm run rhai-engine`. */
export const engineDigest = 'sha256-7ccab0141c29cda7f55584a644576c5720a0df033141301e2a65ed2d5fd335a0';
