/**
 * `postern completion`: what a shell offers at the Tab key. The scripts only pass words on; what fits is worked out here, from
 * the commands themselves and from what the running client says one may use.
 */
import { Argument, Command, type Option } from 'commander';
import type { ResourceList } from '../client/status.ts';
import { callLocalApi } from '../protocol/node/local-api.ts';
import { action } from './output.ts';
import { defaultState } from './state-option.ts';

/** All commands, each loaded when it is needed. */
export interface CommandTree {
  readonly names: readonly string[];
  load(this: void, name: string, into: Command): Promise<void>;
}

const scripts = {
  bash: `_postern() {
  local IFS=$'\\n'
  COMPREPLY=($(postern completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _postern postern
`,
  zsh: `#compdef postern
_postern() {
  local -a found
  found=(\${(f)"$(postern completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -- $found; else _files; fi
}
compdef _postern postern
`,
  fish: `function __postern_words
    set -l before (commandline -opc)
    set -l found (postern completion words -- $before[2..] (commandline -ct) 2>/dev/null)
    if count $found >/dev/null
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c postern -f -a '(__postern_words)'
`,
  pwsh: `Register-ArgumentCompleter -Native -CommandName postern -ScriptBlock {
  param($current, $line, $cursor)
  $before = @($line.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($current -eq '') { $before += '""' }
  postern completion words -- @before 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
} as const;

const places = {
  bash: 'source <(postern completion bash)',
  zsh: 'source <(postern completion zsh)',
  fish: 'postern completion fish | source',
  pwsh: 'postern completion pwsh | Out-String | Invoke-Expression',
} as const;

type Shell = keyof typeof scripts;
const shells = Object.keys(scripts) as Shell[];

export function completionCommand(program: Command, tree: CommandTree): void {
  const completion = program
    .command('completion')
    .description('print a script by which a shell completes commands, options and resources')
    .addArgument(new Argument('<shell>', 'which').choices(shells))
    .addHelpText(
      'after',
      `\nIn the shell's start-up file:\n${shells.map((shell) => `  ${shell.padEnd(5)} ${places[shell]}`).join('\n')}`,
    )
    .action((shell: Shell) => void process.stdout.write(scripts[shell]));
  completion
    .command('words', { hidden: true })
    .argument('[words...]', 'the line after postern, up to and with the word that is being written')
    .action(
      action(async (words: string[]) => {
        const found = await complete(tree, words, namesOfResources);
        process.stdout.write(found.map((word) => `${word}\n`).join(''));
      }),
    );
}

/**
 * Words that fit in the place of the last of `words`.
 * @param resources asked only where a resource is meant
 */
export async function complete(
  tree: CommandTree,
  words: readonly string[],
  resources: () => Promise<readonly string[]>,
): Promise<string[]> {
  const [current = '', ...reversed] = words.toReversed();
  const before = reversed.toReversed();
  const fitting = (list: readonly string[]): string[] => list.filter((word) => word.startsWith(current));
  const [name] = before;
  if (name === undefined) return fitting(tree.names);
  const root = new Command();
  await tree.load(name, root);
  const { command, given, option } = walk(root, before);
  if (option !== undefined) return fitting(option.argChoices ?? []);
  if (current.startsWith('-')) return fitting(command.createHelp().visibleOptions(command).map(flagOf));
  if (command.commands.length > 0)
    return fitting(
      command
        .createHelp()
        .visibleCommands(command)
        .map((each) => each.name()),
    );
  const argument = command.registeredArguments[given];
  if (argument?.argChoices !== undefined) return fitting(argument.argChoices);
  const isResource =
    given === 0 && command.parent === root && /^(resource|name|\[user@\]name)$/.test(argument?.name() ?? '');
  return isResource ? fitting(await resources()) : [];
}

/** Where in the commands the words lead: how many arguments were given, and an option whose value comes next. */
function walk(
  root: Command,
  words: readonly string[],
): { readonly command: Command; readonly given: number; readonly option?: Option } {
  let command = root;
  let given = 0;
  let option: Option | undefined;
  for (const word of words) {
    if (option !== undefined) {
      option = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const known = command.options.find((each) => each.long === word || each.short === word);
      if (known?.required === true) option = known;
      continue;
    }
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) given += 1;
    else command = next;
  }
  return { command, given, ...(option === undefined ? {} : { option }) };
}

function flagOf({ long, short }: Option): string {
  return long ?? short ?? '';
}

/** Of the client that runs where clients usually do; none where none answers. */
async function namesOfResources(): Promise<readonly string[]> {
  const state =
    process.env['POSTERN_STATE'] ?? defaultState(process.env, process.platform, process.getuid?.());
  const list = await callLocalApi(state, 'GET', '/v1/resources').catch(() => undefined);
  const { resources } = (list ?? { resources: [] }) as Pick<ResourceList, 'resources'>;
  return resources.flatMap(({ name, hosts }) => [name, ...hosts.filter((host) => !host.startsWith('*.'))]);
}
