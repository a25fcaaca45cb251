/** Public hostnames: which there are, who owns them, and what DNS and connectors say of one. */
import { Type } from 'typebox';
import { HostnameCheck, HostnameEntry } from '../../../protocol/hostnames.ts';
import { isWildcard, matchesPattern, parseName, type Name, type Pattern } from '../../../protocol/names.ts';
import type { Certificates, HostCertificate } from '../../../protocol/web-messages.ts';
import type { ControllerContext, Organisation } from '../../context.ts';
import { recordFor, type ProofRecord } from '../../operator/asked-names.ts';
import { asDeclared, provenNameOf } from '../../organisation/owned-names.ts';
import { webHostnames } from '../../organisation/resource-web.ts';
import { relayHosts } from '../../decisions/servers.ts';
import type { NodesTable } from '../../store/tables/nodes.ts';
import type { ScopedStore } from '../../store/scoped-store.ts';
import { checkHostname, type HostnameDns } from '../../web/check-hostname.ts';
import { resourceAtHost } from '../../web/connector-web.ts';
import type { AcmeAccount } from '../../web/caa.ts';
import { systemDns } from '../../web/system-dns.ts';
import { organisationOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const config = { access: ['hostnames.read'] } as const;
/** What is looked up for a wildcard. */
const probeLabel = 'postern-check';

export function hostnameRoutes(
  app: TypedApp,
  context: ControllerContext,
  dns: HostnameDns = systemDns(),
): void {
  app.get(
    '/api/v1/hostnames',
    {
      config,
      schema: { summary: 'Public hostnames', response: { 200: Type.Array(HostnameEntry) } },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const connectors = await connectorsOf(store);
      const { resources } = asDeclared(await reader.current());
      return resources.flatMap(({ network, definition }) =>
        webHostnames(definition).map((hostname) => ({
          hostname,
          resource: definition.name,
          network: network.name,
          certificates: certificatesFor(
            hostname,
            connectors.filter((node) => node.network === network.id),
          ),
        })),
      );
    },
  );

  app.get(
    '/api/v1/hostnames/:name/check',
    {
      config,
      schema: {
        summary: 'What DNS and the connectors say of a public hostname, and which records are missing',
        params: Type.Object({ name: Type.String({ maxLength: 255 }) }),
        response: { 200: HostnameCheck },
      },
    },
    async (request) => {
      const organisation = context.organisation(organisationOf(request));
      const { store, reader } = organisation;
      const state = asDeclared(await reader.current());
      const asked = request.params.name.toLowerCase();
      const name = parseName(asked.replace(/^\*\./, `${probeLabel}.`));
      const resource = name === undefined ? undefined : resourceAtHost(state, name);
      if (name === undefined || resource === undefined) throw new ProblemError('not-found');
      const patterns = webHostnames(resource.definition);
      const hostname =
        patterns.find((pattern) => (pattern as string) === name) ??
        patterns.find((pattern) => matchesPattern(pattern, name));
      if (hostname === undefined) throw new ProblemError('not-found');
      const connectors = await connectorsOf(store);
      const certificates = certificatesFor(
        hostname,
        connectors.filter((node) => node.network === resource.network.id),
      );
      const entry = {
        hostname,
        resource: resource.definition.name,
        network: resource.network.name,
        certificates,
      };
      const check = await checkHostname(
        {
          entry,
          name,
          isWildcard: isWildcard(hostname),
          relays: await relayHosts(store),
          accounts: accountsIn(certificates.map(({ certificate }) => certificate)),
          port: context.webPort,
        },
        dns,
      );
      const unproven = await recordsToSet(organisation, hostname);
      return { ...check, missing: [...unproven, ...check.missing] };
    },
  );
}

/** What proves the hostname, where it has to be proven and is not. */
async function recordsToSet({ id, store }: Organisation, hostname: Pattern): Promise<ProofRecord[]> {
  const name = provenNameOf(hostname);
  if (name === undefined || (await store.standing()).namesSerial === undefined) return [];
  const row = await store.select('name_proofs').select('state').where('name', '=', name).executeTakeFirst();
  const { value, ...record } = recordFor(id, name);
  return row?.state === 'owned' ? [] : [{ ...record, value: `"${value}"` }];
}

function connectorsOf(store: ScopedStore): Promise<NodesTable[]> {
  return store.select('nodes').selectAll().where('kind', '=', 'connector').orderBy('created_ms').execute();
}

/** What these connectors report of the hostname, or of a name below its wildcard. */
function certificatesFor(
  hostname: Pattern,
  connectors: readonly NodesTable[],
): { connector: string; name: string; certificate: HostCertificate }[] {
  return connectors.flatMap(({ id, name, certificates }) =>
    certificates === null
      ? []
      : (JSON.parse(certificates) as Certificates['list'])
          .filter(({ host }) => host === hostname || matchesPattern(hostname, host as Name))
          .map((certificate) => ({ connector: id, name, certificate })),
  );
}

function accountsIn(list: readonly HostCertificate[]): AcmeAccount[] {
  const found = new Map<string, AcmeAccount>();
  for (const { ca, account, method = 'tls-alpn-01' } of list)
    if (ca !== undefined && account !== undefined) found.set(account, { ca, account, method });
  return [...found.values()];
}
