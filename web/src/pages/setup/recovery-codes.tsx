/** Shown once, right after an owner is made: what gets them in when the passkey or the authenticator is gone. */
import { buttonClass } from '../../ui/button.tsx';
import { CardPage } from '../../ui/card-page.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';

export function RecoveryCodes({ codes }: { readonly codes: readonly string[] }) {
  return (
    <CardPage
      title="You are the owner"
      lead="Keep these recovery codes where you would look without this computer. Each signs you in once; they are not shown again."
    >
      <CodeBlock text={codes.join('\n')} what="the recovery codes" />
      <a href="/admin" className={buttonClass('primary', 'w-full')}>
        I have kept them: go on
      </a>
    </CardPage>
  );
}
