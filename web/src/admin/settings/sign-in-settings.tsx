/** Where people come from: identity providers, and the directories that tell of their people and groups. */
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Directories } from './directories.tsx';
import { Providers } from './providers.tsx';

export default function SignInSettings({ base }: { readonly base: DocumentInForce }) {
  const may = useMay();
  return (
    <>
      <Providers base={base} />
      {may('directories.read') ? <Directories /> : undefined}
    </>
  );
}
