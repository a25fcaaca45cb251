/** The command line's entry: registers the commands and hands over to commander. One file per command lies beside it. */
import { Command, CommanderError } from 'commander';
import { exits } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';
import { fail, print } from './output.ts';

type Register = (program: Command) => void;

/** In the order of the help: what a person runs, then servers, then the rest. Each is loaded when it is needed. */
const commands: Record<string, () => Promise<Register>> = {
  login: async () => (await import('./login.ts')).loginCommand,
  logout: async () => (await import('./logout.ts')).logoutCommand,
  up: async () => (await import('./up.ts')).upCommand,
  down: async () => (await import('./down.ts')).downCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  resources: async () => (await import('./resources.ts')).resourcesCommand,
  why: async () => (await import('./why.ts')).whyCommand,
  request: async () => (await import('./request.ts')).requestCommand,
  expose: async () => (await import('./expose.ts')).exposeCommand,
  ping: async () => (await import('./ping.ts')).pingCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  open: async () => (await import('./open.ts')).openCommand,
  ssh: async () => (await import('./ssh.ts')).sshCommand,
  forward: async () => (await import('./forward.ts')).forwardCommand,
  proxy: async () => (await import('./proxy.ts')).proxyCommand,
  dns: async () => (await import('./dns.ts')).dnsCommand,
  controller: async () => (await import('./controller.ts')).controllerCommand,
  relay: async () => (await import('./relay.ts')).relayCommand,
  connector: async () => (await import('./connector.ts')).connectorCommand,
  apply: async () => (await import('./apply.ts')).applyCommand,
  plan: async () => (await import('./plan.ts')).planCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  policy: async () => (await import('./policy.ts')).policyCommand,
  organisation: async () => (await import('./organisation.ts')).organisationCommand,
  'setup-url': async () => (await import('./setup-url.ts')).setupUrlCommand,
  administrator: async () => (await import('./administrator.ts')).administratorCommand,
  token: async () => (await import('./token.ts')).tokenCommand,
  pass: async () => (await import('./pass.ts')).passCommand,
  device: async () => (await import('./device.ts')).deviceCommand,
  person: async () => (await import('./person.ts')).personCommand,
  session: async () => (await import('./session.ts')).sessionCommand,
  flow: async () => (await import('./flow.ts')).flowCommand,
  directory: async () => (await import('./directory.ts')).directoryCommand,
  hostname: async () => (await import('./hostname.ts')).hostnameCommand,
  mail: async () => (await import('./mail.ts')).mailCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  restore: async () => (await import('./backup.ts')).restoreCommand,
  store: async () => (await import('./store.ts')).storeCommand,
  audit: async () => (await import('./audit.ts')).auditCommand,
  service: async () => {
    const { serviceCommand } = await import('./service.ts');
    return (parent) => serviceCommand(parent, { names: Object.keys(commands), load });
  },
  config: async () => {
    const { configCommand } = await import('./config.ts');
    return (parent) => configCommand(parent, { names: Object.keys(commands), load });
  },
  completion: async () => {
    const { completionCommand } = await import('./completion.ts');
    return (parent) => completionCommand(parent, { names: Object.keys(commands), load });
  },
  version: () => Promise.resolve(versionCommand),
};

const program = new Command('postern')
  .description('reach private applications by name, through a relay that sees nothing')
  .configureHelp({ showGlobalOptions: true })
  .configureOutput({ outputError: (text, write) => write(asSentence(text)) })
  .showHelpAfterError('Add --help to see what it takes.')
  .showSuggestionAfterError()
  .enablePositionalOptions()
  .exitOverride();

// A command that is named needs no other; help and a mistyped name need them all.
const [, , named = ''] = process.argv;
const needed = Object.hasOwn(commands, named) ? [named] : Object.keys(commands);
for (const name of needed) await load(name, program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) fail(error);
  // Commander has printed its sentence; help and version end well, everything else is wrong usage.
  process.exitCode = error.exitCode === 0 ? exits.ok : exits.usage;
}

async function load(name: string, into: Command): Promise<void> {
  (await commands[name]?.())?.(into);
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
