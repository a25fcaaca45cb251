/** The command line's entry: registers every command and hands over to commander. One file per command lies beside it. */
import { Command, CommanderError } from 'commander';
import { exits } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';
import { applyCommand } from './apply.ts';
import { auditCommand } from './audit.ts';
import { connectorCommand } from './connector.ts';
import { controllerCommand } from './controller.ts';
import { deviceCommand } from './device.ts';
import { dnsCommand } from './dns.ts';
import { downCommand } from './down.ts';
import { forwardCommand } from './forward.ts';
import { loginCommand } from './login.ts';
import { logoutCommand } from './logout.ts';
import { fail, print } from './output.ts';
import { relayCommand } from './relay.ts';
import { resourcesCommand } from './resources.ts';
import { statusCommand } from './status.ts';
import { tokenCommand } from './token.ts';
import { upCommand } from './up.ts';
import { whyCommand } from './why.ts';

/** In the order of the help: what a person runs, then servers, then the rest. */
const commands = [
  loginCommand,
  logoutCommand,
  upCommand,
  downCommand,
  statusCommand,
  resourcesCommand,
  whyCommand,
  forwardCommand,
  dnsCommand,
  controllerCommand,
  relayCommand,
  connectorCommand,
  applyCommand,
  tokenCommand,
  deviceCommand,
  auditCommand,
  versionCommand,
];

const program = new Command('postern')
  .description('reach private applications by name, through a relay that sees nothing')
  .configureHelp({ showGlobalOptions: true })
  .configureOutput({ outputError: (text, write) => write(asSentence(text)) })
  .showHelpAfterError('Add --help to see what it takes.')
  .showSuggestionAfterError()
  .enablePositionalOptions()
  .exitOverride();

for (const register of commands) register(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) fail(error);
  // Commander has printed its sentence; help and version end well, everything else is wrong usage.
  process.exitCode = error.exitCode === 0 ? exits.ok : exits.usage;
}

/** Commander's own sentences in the form of all others: what happened, and the remedy. */
function asSentence(text: string): string {
  return text.replace(/^error: /, 'postern: ').replace(/ is invalid\. (?=\S)/, ' cannot be used: ');
}

function versionCommand(parent: Command): void {
  parent
    .command('version')
    .description('print the version')
    .option('--json', 'as one JSON object')
    .action(({ json = false }: { json?: boolean }) => {
      print(json, { schema: 'postern.version/v1', version }, version);
    });
}
