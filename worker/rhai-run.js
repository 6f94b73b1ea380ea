// What the command line starts, by the same name in the repository and in the package, where this is rhai-run.ts with all it
// imports.
import './rhai-run.ts';
