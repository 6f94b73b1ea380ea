/** What TypeScript reads of the package: the declarations of what handlers and callers import. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const file = join(import.meta.dirname, '../worker/mod.ts');
const clientFile = join(import.meta.dirname, '../client/mod.ts');

/** Of `redisworker/client`. @throws Error when a type of it is that of another file, which the package has not */
export function clientTypes(): string {
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(readFileSync(clientFile, 'utf8'), {
    fileName: clientFile,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, strict: true },
  });
  const [problem] = diagnostics;
  if (problem !== undefined) {
    throw new Error(`client/mod.ts: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
  }
  if (/\bfrom ['"]/.test(outputText.replace(/\/\*.*?\*\//gs, ''))) {
    throw new Error('client/mod.ts: a type of it is in another file');
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
