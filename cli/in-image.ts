/** Starts the command line in the image of the operator. */
import { main } from './main.ts';

process.exitCode = await main(process.argv.slice(2));
