/** Public hostnames as administrators see them: who owns one, what its connectors serve it with, and what DNS says of it. */
import { Type, type Static } from 'typebox';
import { HostCertificate } from './web-messages.ts';

const entry = {
  /** As the document has it: a name, or `*.suffix`. */
  hostname: Type.String(),
  resource: Type.String(),
  network: Type.String(),
  /** What each connector reports; a connector that has not is absent. */
  certificates: Type.Array(
    Type.Object({ connector: Type.String(), name: Type.String(), certificate: HostCertificate }),
  ),
};

export const HostnameEntry = Type.Object(entry);

export const HostnameCheck = Type.Object({
  ...entry,
  dns: Type.Object({
    /** Whether its addresses are those of the relays: all, some or none of them; `unknown`: DNS did not answer. */
    points: Type.Union([
      Type.Literal('here'),
      Type.Literal('partly'),
      Type.Literal('elsewhere'),
      Type.Literal('nowhere'),
      Type.Literal('unknown'),
    ]),
    addresses: Type.Array(Type.String()),
    alias: Type.Optional(Type.String()),
    relays: Type.Array(Type.Object({ host: Type.String(), addresses: Type.Array(Type.String()) })),
  }),
  /** Whether CAA records keep everybody but the connectors' own account from getting a certificate. */
  trust: Type.Union([Type.Literal('relay-proof'), Type.Literal('relay-trusted')]),
  /** Under which browsers reach it. */
  port: Type.Integer(),
  /** Records to set. */
  missing: Type.Array(Type.Object({ name: Type.String(), type: Type.String(), value: Type.String() })),
});

export type HostnameEntry = Static<typeof HostnameEntry>;
export type HostnameCheck = Static<typeof HostnameCheck>;
