/** The pages over a narrow window. */
import { Drawer } from '../ui/dialog.tsx';
import { Navigation } from './shell.tsx';
import type { NavigationGroup } from './navigation.ts';

export default function PhoneNavigation({
  groups,
  onClose,
}: {
  readonly groups: readonly NavigationGroup[];
  readonly onClose: () => void;
}) {
  return (
    <Drawer title="Pages" onClose={onClose}>
      <Navigation groups={groups} onGo={onClose} />
    </Drawer>
  );
}
