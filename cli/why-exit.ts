/** Which reasons are about the device's posture: when they alone stand in the way, the exit code says so. */
export function isAboutPosture(name: string): boolean {
  return name.startsWith('posture-') || name === 'system-not-listed';
}
