/** How long something that is made here lasts: the usual choices, as the API takes them. */
import type { Option } from '../../ui/field.tsx';

const usual: readonly Option[] = [
  { value: '24h', label: 'a day' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
  { value: '90d', label: '90 days' },
  { value: '365d', label: 'a year' },
];

/** With the way to make one that never ends by itself. */
export const lifetimes: readonly Option[] = [...usual, { value: '', label: 'never' }];
