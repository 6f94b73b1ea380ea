/** The program that resolves code from elsewhere as the npm package has it: the sources', after what an older Node lacks. */
import './node20.ts';
import '../operator/code/resolve-main.ts';
