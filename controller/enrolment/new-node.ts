/** The record of a node that joins, whatever its kind. */
import type { DeviceClaim } from './join-device.ts';

/** What every node starts with, of the claim it joined by: active, and nothing heard of it yet. */
export function newNode({ mk, nk, name, os, version, address }: DeviceClaim, nowMs: number) {
  return {
    mk,
    nk,
    name,
    os,
    version,
    address,
    state: 'active',
    created_ms: nowMs,
    seen_ms: nowMs,
    posture: null,
    posture_ms: null,
    received_seq: 0,
  } as const;
}
