/**
 * Who a node is: its two keys, made here and never sent, and what it learned when it enrolled. Kept in the state
 * directory as `machine.key`, `node.key` and `enrolment.json`.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Fault } from '../errors.ts';
import { idPattern } from '../ids.ts';
import {
  agreementKeyFrom,
  newAgreementKey,
  newSigningKey,
  secretBytes,
  signingKeyFrom,
  type AgreementKey,
  type SigningKey,
} from '../keys.ts';
import type { StateDirectory } from './state-directory.ts';

/** Where a node belongs: the controller, its pinned root, and the id it was given there once it has enrolled. */
export const Enrolment = Type.Object({
  schema: Type.Literal('postern.enrolment/v1'),
  /** The controller's public URL. */
  url: Type.String(),
  /** The pinned root key, base64url. */
  root: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  /** Absent until the controller has welcomed this node. */
  node: Type.Optional(Type.String({ pattern: idPattern() })),
  org: Type.Optional(Type.String({ pattern: idPattern('org') })),
});
export type Enrolment = Static<typeof Enrolment>;

export interface Identity {
  readonly machineKey: SigningKey;
  readonly nodeKey: AgreementKey;
  readonly enrolment: Enrolment | undefined;
  /** Replaces what is remembered of the enrolment, on disk and in `enrolment`. */
  enrol(enrolment: Enrolment): void;
}

const file = 'enrolment.json';

/** Reads the identity in a state directory, making keys where there are none. Throws a Fault for a damaged file. */
export function openIdentity(state: StateDirectory): Identity {
  const machineKey = keyIn(state, 'machine.key', newSigningKey, signingKeyFrom);
  const nodeKey = keyIn(state, 'node.key', newAgreementKey, agreementKeyFrom);
  let enrolment = state.readJson(file);
  if (enrolment !== undefined && !Value.Check(Enrolment, enrolment)) {
    throw new Fault('internal', `${state.path}/${file} is damaged; restore it from a backup or enrol anew`);
  }
  return {
    machineKey,
    nodeKey,
    get enrolment() {
      return enrolment as Enrolment | undefined;
    },
    enrol(next) {
      state.writeJson(file, next);
      enrolment = next;
    },
  };
}

function keyIn<K extends SigningKey | AgreementKey>(
  state: StateDirectory,
  name: string,
  make: () => K,
  from: (secret: Uint8Array) => K,
): K {
  const stored = state.read(name);
  if (stored !== undefined) {
    if (stored.length !== 32)
      throw new Fault('internal', `${state.path}/${name} is damaged; restore it from a backup`);
    return from(stored);
  }
  const key = make();
  const secret = secretBytes(key);
  state.write(name, secret);
  secret.fill(0);
  return key;
}
