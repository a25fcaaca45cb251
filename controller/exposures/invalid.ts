/** What is wrong with one thing that was asked for, as a problem that names it. */
import type { NewExposure } from '../../protocol/exposures.ts';
import { ProblemError } from '../api/problems.ts';

export function invalid(field: keyof NewExposure, message: string): ProblemError {
  return new ProblemError('invalid-request', undefined, [{ path: [field], message }]);
}
