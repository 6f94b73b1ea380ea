/** Completion scripts for shells, made from the commands as they are. Pure. */
import type { Command, Option } from 'commander';

/** The shells. */
export const shells = ['bash', 'zsh', 'fish'] as const;

type Shell = (typeof shells)[number];

/** A command by the words that lead to it; the program itself has none. */
interface Place {
  readonly words: readonly string[];
  readonly commands: readonly Entry[];
  readonly options: readonly Choice[];
}

interface Entry {
  readonly name: string;
  readonly about: string;
}

interface Choice extends Entry {
  readonly flags: readonly string[];
  readonly takesValue: boolean;
  readonly values: readonly string[];
}

const name = 'redisworker';

/** The script of a shell. */
export function completionScript(root: Command, shell: Shell): string {
  const places = placesOf(root, []);
  return { bash, zsh, fish }[shell](places);
}

function placesOf(command: Command, words: readonly string[]): readonly Place[] {
  const commands = command.commands.filter((one) => one.name() !== 'help');
  const place: Place = {
    words,
    commands: commands.map((one) => ({ name: one.name(), about: one.description() })),
    options: [...command.options.filter(({ hidden }) => !hidden).map(choiceOf), help],
  };
  return [place, ...commands.flatMap((one) => placesOf(one, [...words, one.name()]))];
}

const help: Choice = { name: '--help', about: 'show help', flags: ['-h', '--help'], takesValue: false, values: [] };

function choiceOf(option: Option): Choice {
  const flags = [option.short, option.long].filter((flag) => typeof flag === 'string');
  return {
    name: option.long ?? flags[0] ?? '',
    about: option.description,
    flags,
    takesValue: option.required || option.optional,
    values: option.argChoices ?? [],
  };
}

/** Which command the words before the cursor lead to: a line of `case` for each. */
function steps(places: readonly Place[]): string {
  const patterns = places.filter(({ words }) => words.length > 0).map(({ words }) => {
    const before = words.slice(0, -1).join(' ');
    return `"${before}|${words.at(-1) ?? ''}"`;
  });
  return `case "$place|$word" in\n      ${
    patterns.join(' | \\\n      ')
  }) place="\${place:+$place }$word" ;;\n    esac`;
}

/** For each option with known values: those. */
function valueCases(places: readonly Place[], line: (values: readonly string[]) => string): readonly string[] {
  return places.flatMap(({ words, options }) =>
    options.filter(({ values }) => values.length > 0).map(({ flags, values }) =>
      `    ${flags.map((flag) => `"${words.join(' ')}|${flag}"`).join(' | ')}) ${line(values)} ;;`
    )
  );
}

/** What takes any value: nothing is proposed for it but files. */
function freeFlags(places: readonly Place[]): readonly string[] {
  return places.flatMap(({ words, options }) =>
    options.filter(({ takesValue, values }) => takesValue && values.length === 0).flatMap(({ flags }) =>
      flags.map((flag) => `"${words.join(' ')}|${flag}"`)
    )
  );
}

function bash(places: readonly Place[]): string {
  return `# ${name} completion bash > ~/.local/share/bash-completion/completions/${name}
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place= word words=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    ${steps(places)}
  done
  COMPREPLY=()
  case "$place|$previous" in
${valueCases(places, (values) => `COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$current")); return`).join('\n')}
    ${freeFlags(places).join(' | \\\n    ')}) return ;;
  esac
  case "$place" in
${
    places.map(({ words, commands, options }) =>
      `    "${words.join(' ')}") [[ $current == -* ]] && words='${
        options.flatMap(({ flags }) => flags).join(' ')
      }' || words='${commands.map((one) => one.name).join(' ')}' ;;`
    ).join('\n')
  }
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}
`;
}

function zsh(places: readonly Place[]): string {
  return `#compdef ${name}
# ${name} completion zsh > a folder of $fpath, as _${name}
_${name}() {
  local place= word previous="\${words[CURRENT-1]}"
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    ${steps(places)}
  done
  case "$place|$previous" in
${valueCases(places, (values) => `compadd -- ${values.join(' ')}; return`).join('\n')}
    ${freeFlags(places).join(' | \\\n    ')}) _files; return ;;
  esac
  case "$place" in
${
    places.map(({ words, commands, options }) =>
      `    "${words.join(' ')}")
      if [[ $PREFIX == -* ]]; then found=(${
        options.flatMap(({ flags, about }) => flags.map((flag) => zshWord(flag, about))).join(' ')
      })
      else found=(${commands.map((one) => zshWord(one.name, one.about)).join(' ')})
      fi ;;`
    ).join('\n')
  }
  esac
  (( \${#found} )) && _describe -t commands ${name} found || _files
}
compdef _${name} ${name}
`;
}

function zshWord(word: string, about: string): string {
  return quoted(`${word.replaceAll(':', '\\:')}:${about}`);
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ words, commands, options }) => {
    const seen = words.length === 0
      ? '__fish_use_subcommand'
      : words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const isOpen = commands.length === 0 || words.length === 0
      ? seen
      : `${seen}; and not __fish_seen_subcommand_from ${commands.map((one) => one.name).join(' ')}`;
    return [
      ...commands.map((one) => `complete -c ${name} -f -n ${quoted(isOpen)} -a ${one.name} -d ${quoted(one.about)}`),
      ...options.map((option) => fishOption(option, seen)),
    ];
  });
  return `# ${name} completion fish > ~/.config/fish/completions/${name}.fish\n${lines.join('\n')}\n`;
}

function fishOption({ flags, about, takesValue, values }: Choice, seen: string): string {
  const names = flags.map((flag) => flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`).join(' ');
  const value = values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : takesValue ? ' -r' : '';
  return `complete -c ${name} -n ${quoted(seen)} ${names}${value} -d ${quoted(about)}`;
}

/** For all three shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
