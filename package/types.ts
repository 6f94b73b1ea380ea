/** What TypeScript reads of `import … from 'redisworker'`: the declarations of the module a handler gets. */
import { join } from 'node:path';
import ts from 'typescript';

const file = join(import.meta.dirname, '../worker/mod.ts');

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
  if (problem !== undefined) throw new Error(`worker/mod.ts: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
  const texts: string[] = [];
  program.emit(undefined, (_, text) => texts.push(text));
  const [only, ...more] = texts;
  if (only === undefined || more.length > 0) throw new Error(`worker/mod.ts became ${texts.length} declarations instead of one`);
  return only;
}
