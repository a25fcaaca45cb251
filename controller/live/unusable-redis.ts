/** Redis does not let this controller in. The message says why, and holds no password; the command line shows it. */
export class UnusableRedis extends Error {}
