/** The web application of the lab that tests of the web door use: at the wiki's address, which only `hq` reaches. */
import type { Lab } from './lab.ts';
import type { Program } from './program.ts';

const port = '8090';
/** As its connectors are told. */
export const webOrigin = `http://wiki.acme.internal:${port}`;

/** Resolves once it answers. */
export async function startWebApplication(lab: Lab): Promise<Program> {
  const application = lab.servers.spawn(
    'node',
    ['test/support/lab/web-application-server.ts', lab.addresses.wiki, port],
    { name: 'web-application' },
  );
  await application.waitFor(/^ready$/m);
  return application;
}

/** Which of these holds connections to it; undefined where none does. */
export async function holdingConnections(
  lab: Lab,
  programs: readonly Program[],
): Promise<Program | undefined> {
  const { stdout } = await lab.hq.run('ss', ['-tnpH', 'state', 'established', 'dport', '=', `:${port}`]);
  return programs.find(({ pid }) => stdout.includes(`pid=${pid},`));
}
