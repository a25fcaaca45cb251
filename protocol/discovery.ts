/**
 * Where a node learns what a controller is: `GET /.well-known/postern-configuration`. The card inside is signed by the
 * root, which the caller has pinned or, at a person's first sign-in, is about to remember.
 */
import { Type, type Static } from 'typebox';

export const discoveryPath = '/.well-known/postern-configuration';
export const controlPath = '/control';
export const controlSubprotocol = 'postern.control.v1';

export const Discovery = Type.Object({
  schema: Type.Literal('postern.configuration/v1'),
  issuer: Type.String(),
  /** The root's Ed25519 public key, base64url: to be believed only from a pin or over trusted TLS. */
  root: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  card: Type.String(),
  /** Protocol versions the controller speaks. */
  protocols: Type.Array(Type.Integer()),
});
export type Discovery = Static<typeof Discovery>;
