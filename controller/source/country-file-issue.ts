/** The operator's file of countries cannot be used. Its message names the file and the line; the command line shows it. */
export class CountryFileIssue extends Error {}
