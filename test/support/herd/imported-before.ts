/** What this process imported before its program: a process that it starts from the source has to be changed in the same way. */
export function importedBefore(given: readonly string[] = process.execArgv): string[] {
  return given.flatMap((arg, place) => {
    if (arg.startsWith('--import=')) return [arg];
    const value = arg === '--import' ? given[place + 1] : undefined;
    return value === undefined ? [] : [arg, value];
  });
}
