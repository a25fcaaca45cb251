/**
 * Whether the firmware started only what is signed: the variable SecureBoot (UEFI specification, section 3.3), behind
 * four bytes of attributes, unless shim was told to check nothing. A machine that was not started by EFI has none of it.
 */
import type { Collector } from '../collector.ts';

const variables = '/sys/firmware/efi/efivars';
const secureBootVariable = `${variables}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`;
const shimVariable = `${variables}/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23`;

export const secureBoot: Collector = async (machine) => {
  const state = byteOf(await machine.bytes(secureBootVariable));
  if (state !== undefined) {
    const unchecked = byteOf(await machine.bytes(shimVariable)) === 1;
    return { secureBoot: state === 1 && !unchecked };
  }
  const firmware = (await machine.names('/sys/firmware')) ?? [];
  // In a container the folder is empty, and says nothing about the machine.
  if (firmware.length === 0) return {};
  if (!firmware.includes('efi')) return { secureBoot: false };
  const listed = await machine.names(variables);
  // Firmware that knows no secure boot has no such variable; variables that are not mounted say nothing.
  return listed !== undefined && listed.length > 0 && !listed.some((name) => name.startsWith('SecureBoot-'))
    ? { secureBoot: false }
    : {};
};

/** The one byte of a variable; undefined when it is none of one byte. */
function byteOf(content: Buffer | undefined): number | undefined {
  return content?.length === 5 ? content[4] : undefined;
}
