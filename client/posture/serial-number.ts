/** The machine's serial number, unless its maker never wrote one: then boards carry words that stand for none. */

/** What makers leave in the place of a number, in lower case and without blanks. */
const placeholders = new Set([
  'tobefilledbyo.e.m.',
  'tobefilledbyoem',
  'o.e.m.',
  'oem',
  'defaultstring',
  'systemserialnumber',
  'serialnumber',
  'chassisserialnumber',
  'notspecified',
  'notapplicable',
  'notavailable',
  'unknown',
  'none',
  'null',
  'n/a',
  'na',
  'empty',
  'invalid',
  '123456789',
  '1234567890',
  '0123456789',
]);

/** The number as the machine writes it; undefined when it is a placeholder, too long, or none at all. */
export function serialNumber(text: string | undefined): string | undefined {
  const serial = text?.trim() ?? '';
  const bare = serial.replaceAll(/\s/g, '').toLowerCase();
  if (placeholders.has(bare) || /^(.)\1*$/.test(bare) || serial.length > 64) return undefined;
  // Printable ASCII, as SMBIOS has it; anything else is not a number that somebody typed into a list.
  return /^[\x20-\x7e]+$/.test(serial) ? serial : undefined;
}
