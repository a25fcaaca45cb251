/** A key file of the controller cannot be used. Its message says which, why, and what to do; the command line shows it. */
export class UnusableKeyFile extends Error {}
