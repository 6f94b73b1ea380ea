/** What TypeScript reads of the package: the declarations of what handlers and callers import. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const file = join(import.meta.dirname, '../worker/mod.ts');
const clientFile = join(import.meta.dirname, '../client/mod.ts');

/** What a broker's importers find types of, below broker/. */
const brokerModules = [
  'types',
  'broker-error',
  'broker',
  'mod',
  'worker',
  'onmessage',
  'cleaner',
  'debug',
  'telemetry',
  'open-telemetry',
];

/** Of `redisworker/broker`, by path in `lib/`. @throws Error when a type of it is nowhere written down */
export function brokerTypes(): readonly (readonly [string, string])[] {
  return brokerModules.map((name) => {
    const text = declarations(join(import.meta.dirname, `../broker/${name}.ts`), `broker/${name}.ts`);
    return [`broker/${name}.d.ts`, text.replace(siblings, `// @ts-types="./$2.d.ts"\n$1.js'`)] as const;
  });
}

/** Imports of files beside: TypeScript finds their declarations by itself, and Deno has to be told of them. */
const siblings = /^((?:import|export)\b[^;]*?\sfrom\s+'\.\/([\w-]+))\.ts'/gm;

/** Of `redisworker/client`. @throws Error when a type of it is that of another file, which the package has not */
export function clientTypes(): string {
  const outputText = declarations(clientFile, 'client/mod.ts');
  if (/\bfrom ['"]/.test(outputText.replace(/\/\*.*?\*\//gs, ''))) {
    throw new Error('client/mod.ts: a type of it is in another file');
  }
  return outputText;
}

/** What one file declares. @throws Error when that takes more than the file */
function declarations(file: string, name: string): string {
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(readFileSync(file, 'utf8'), {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, strict: true },
  });
  const [problem] = diagnostics;
  if (problem !== undefined) {
    throw new Error(`${name}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
  }
  return outputText;
}

/** Of `redisworker`. */
/** @throws Error when the module has a fault, or needs another one */
export function handlerTypes(): string {
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
    strict: true,
    declaration: true,
    emitDeclarationOnly: true,
  });
  const [problem] = ts.getPreEmitDiagnostics(program);
  if (problem !== undefined) {
    throw new Error(`worker/mod.ts: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
  }
  const texts: string[] = [];
  program.emit(undefined, (_, text) => texts.push(text));
  const [only, ...more] = texts;
  if (only === undefined || more.length > 0) {
    throw new Error(`worker/mod.ts became ${texts.length} declarations instead of one`);
  }
  return only;
}
