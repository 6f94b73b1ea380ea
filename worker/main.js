// What pods start, by the same name in the repository and in the image, where this is main.ts with all it imports.
import './main.ts';
