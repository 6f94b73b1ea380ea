// What pods start, by the same name in the repository and in the image, where this is hats.ts with all it imports.
import './hats.ts';
