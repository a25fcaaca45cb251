/**
 * Who a node is: its two keys, made here and never sent, and what it learned when it enrolled. Kept in the state
 * directory as `machine.key`, `node.key` and `enrolment.json`. A device that rotates its keys keeps the new pair as
 * `next.keys` until the controller knows it and as `rotated.keys` from then on, which comes before the other two: one
 * file, written whole or not at all, so that a crash leaves the old pair or the new one and never half of each.
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
import type { NodeKeys } from '../rotation.ts';
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
  /** Keys that were made to take the place of these, and that the controller may know of already. */
  readonly next: NodeKeys | undefined;
  readonly enrolment: Enrolment | undefined;
  /** Replaces what is remembered of the enrolment: in `enrolment`, then on disk. Throws a Fault where that takes nothing. */
  enrol(enrolment: Enrolment): void;
  /** Makes new keys, on disk and in `next`; those that are there already stay. Throws a Fault where they cannot be kept. */
  prepareNext(): NodeKeys;
  /**
   * The controller knows the new keys: they are the keys from here on, and the old ones are erased. False when that could
   * not be written down: the next process finds both pairs and tries the new one first.
   */
  adoptNext(): boolean;
  /** The controller does not know the new keys, and will not. False when they could not be erased. */
  dropNext(): boolean;
}

const file = 'enrolment.json';
const nextFile = 'next.keys';
const rotatedFile = 'rotated.keys';

/** Reads the identity in a state directory, making keys where there are none. Throws a Fault for a damaged file. */
export function openIdentity(state: StateDirectory): Identity {
  let keys = pairIn(state, rotatedFile) ?? {
    machineKey: keyIn(state, 'machine.key', newSigningKey, signingKeyFrom),
    nodeKey: keyIn(state, 'node.key', newAgreementKey, agreementKeyFrom),
  };
  let next = pairIn(state, nextFile);
  let enrolment = state.readJson(file);
  if (enrolment !== undefined && !Value.Check(Enrolment, enrolment)) {
    throw new Fault('internal', `${state.path}/${file} is damaged; restore it from a backup or enrol anew`);
  }
  return {
    get machineKey() {
      return keys.machineKey;
    },
    get nodeKey() {
      return keys.nodeKey;
    },
    get next() {
      return next;
    },
    prepareNext() {
      if (next !== undefined) return next;
      const made = { machineKey: newSigningKey(), nodeKey: newAgreementKey() };
      writePair(state, nextFile, made);
      next = made;
      return made;
    },
    adoptNext() {
      if (next === undefined) return true;
      const adopted = next;
      keys = adopted;
      next = undefined;
      return isDone(() => {
        writePair(state, rotatedFile, adopted);
        for (const name of [nextFile, 'machine.key', 'node.key']) state.remove(name);
      });
    },
    dropNext() {
      next = undefined;
      return isDone(() => state.remove(nextFile));
    },
    get enrolment() {
      return enrolment as Enrolment | undefined;
    },
    enrol(next) {
      enrolment = next;
      state.writeJson(file, next);
    },
  };
}

/** Whether the disk took it. */
function isDone(write: () => void): boolean {
  try {
    write();
    return true;
  } catch {
    return false;
  }
}

/** Both keys in one file: machine key, then node key. */
function pairIn(state: StateDirectory, name: string): NodeKeys | undefined {
  const stored = state.read(name);
  if (stored === undefined) return undefined;
  if (stored.length !== 64)
    throw new Fault('internal', `${state.path}/${name} is damaged; restore it from a backup`);
  return {
    machineKey: signingKeyFrom(stored.subarray(0, 32)),
    nodeKey: agreementKeyFrom(stored.subarray(32)),
  };
}

function writePair(state: StateDirectory, name: string, { machineKey, nodeKey }: NodeKeys): void {
  const secrets = [secretBytes(machineKey), secretBytes(nodeKey)];
  const both = Buffer.concat(secrets);
  state.write(name, both);
  for (const secret of [...secrets, both]) secret.fill(0);
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
