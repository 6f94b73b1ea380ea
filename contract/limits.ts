/** Bounds that operator, worker and command line agree on. */

/** The line on stdin that carries the AES key, in bytes, line end included. */
export const maxKeyLineBytes = 256;

/** Module text in `spec.source.inline` or in a ConfigMap key, in bytes: 256 KiB. */
export const maxSourceBytes = 256 * 1024;

/** A module with everything it imports, made one file, in bytes: 8 MiB. */
export const maxBundleBytes = 8 * 1024 * 1024;

/** A module of runtime Modules as one file, in bytes: 1 MiB. It travels in Redis, and a longer source map is left out. */
export const maxModuleBytes = 1024 * 1024;

/** The source map of such a module, in bytes: a larger one is left out. */
export const maxSourceMapBytes = 16 * 1024 * 1024;

/** ConfigMaps that one module may lie in, compressed. */
export const maxSourceParts = 16;

/** What a ConfigMap may hold, in bytes: the API server takes 1 MiB with everything around it. */
export const maxConfigMapBytes = 1000 * 1024;

/** Decrypted JSON of `encryptedJson`, in bytes: 64 KiB. */
export const maxSecretBytes = 64 * 1024;

/** A caller's reference, in bytes: it ends up in two key names. */
export const maxReferenceBytes = 512;

/** Consumers of one worker. */
export const maxConsumers = 1000;

/** Seconds a reply list lives when the hash does not say. */
export const defaultReplyExpireSeconds = 8;

/** Entries a response stream keeps, about, when the hash does not say. */
export const defaultResponseStreamLimit = 10_000;

/** Seconds the trace fields of our runtime live after the request is finished. */
export const traceExpireSeconds = 3600;

/** Entries a dead-letter stream keeps, about: a bound against filling Redis, far above what anybody reads. */
export const deadLetterLimit = 100_000;

/** Fields of a request that a script in Redis can move from one key to another: Lua passes at most 8000 values. */
export const maxMovedFields = 3500;

/**
 * Characters of a reply's JSON that are repeated in the response stream and in the trace. Of a longer one they tell
 * everything but its data: ten thousand responses of a megabyte each would fill Redis.
 */
export const maxRepeatedReplyLength = 16 * 1024;
