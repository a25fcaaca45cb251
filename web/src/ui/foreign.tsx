/** Names of devices, people and resources: kept in their own direction and in bounds. React makes markup inert. */
import { foreignText } from './foreign-text.ts';

export function Foreign({
  text,
  limit,
  className,
}: {
  readonly text: string;
  readonly limit?: number;
  readonly className?: string;
}) {
  return <bdi className={`wrap-anywhere ${className ?? ''}`}>{foreignText(text, limit)}</bdi>;
}
