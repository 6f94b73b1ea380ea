// What pods start, by the same name in the repository and in the image, where this is rhai.ts with all it imports.
import './rhai.ts';
