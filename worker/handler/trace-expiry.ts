/** How a trace gets an end of its own: by its field alone, in one command or two, or with the whole hash. */
export type TraceExpiry = 'HSETEX' | 'HEXPIRE' | 'EXPIRE';
