/** What a client asks for when it opens a stream (WIRE A9), checked for its form and nothing else. */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { idPattern, type ResourceId } from '../protocol/ids.ts';
import { parseName, type Name } from '../protocol/names.ts';

const OpenPayload = Type.Object({
  r: Type.String({ pattern: idPattern('res') }),
  h: Type.String({ maxLength: 253 }),
  p: Type.Integer({ minimum: 0, maximum: 65_535 }),
  k: Type.Union([Type.Literal('tcp'), Type.Literal('dns')]),
});

/** `tcp` opens a flow to the port; `dns` asks whether the name exists and leads somewhere the resource may use. */
export interface OpenRequest {
  readonly resource: ResourceId;
  readonly host: Name;
  readonly port: number;
  readonly kind: Static<typeof OpenPayload>['k'];
}

/** The request in a stream's payload; undefined when it has another form or names no DNS name. */
export function parseOpenRequest(payload: unknown): OpenRequest | undefined {
  if (!Value.Check(OpenPayload, payload)) return undefined;
  const host = parseName(payload.h);
  if (host === undefined) return undefined;
  return { resource: payload.r as ResourceId, host, port: payload.p, kind: payload.k };
}
