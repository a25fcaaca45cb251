/** Where a person types the code that a device without a browser shows them. No link contains it. */
import { useId, useRef, useState, type ChangeEvent } from 'react';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { LoginLookUp, Me } from '../../../protocol/portal.ts';
import { api, signInUrl } from '../api/portal.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Instant } from '../ui/instant.tsx';
import { Notice } from '../ui/notice.tsx';
import { formatCode, typedCode } from './code-entry.ts';
import { LetIn, type FoundDevice } from './let-in.tsx';
import { SignedIn } from './signed-in.tsx';
import { StepUpPage } from './step-up.tsx';
import { WaitingCard } from './waiting-card.tsx';

export function DeviceCodePage() {
  return <SignedIn waiting={<WaitingCard title="Let a device in" />}>{(me) => <Freshly me={me} />}</SignedIn>;
}

function Freshly({ me }: { readonly me: Me }) {
  // Decided once: an entry that is under way is not torn down by a clock; the controller decides anyway.
  const [stale, setStale] = useState(
    () => me.session.freshUntil === null || Date.parse(me.session.freshUntil) <= Date.now(),
  );
  return stale ? <SignInAgain me={me} /> : <EnterCode me={me} onStale={() => setStale(true)} />;
}

function SignInAgain({ me }: { readonly me: Me }) {
  const { provider } = me.session;
  return (
    <CardPage
      title="First, sign in again"
      lead="Whoever lets a device in gives it their own rights, so this asks you to prove who you are once more. After that you have five minutes."
      organisation={me.organisation}
    >
      <div>
        {provider === null ? (
          <Link to="/login" search={{ rd: '/device' }} className={buttonClass('primary')}>
            Go to sign-in
          </Link>
        ) : (
          <a href={signInUrl(provider, '/device', { fresh: '1' })} className={buttonClass('primary')}>
            <span className="min-w-0">
              Continue with <Foreign text={provider} limit={63} />
            </span>
          </a>
        )}
      </div>
    </CardPage>
  );
}

function EnterCode({ me, onStale }: { readonly me: Me; readonly onStale: () => void }) {
  const [code, setCode] = useState('');
  const [found, setFound] = useState<FoundDevice>();
  const lookUp = useMutation({
    mutationFn: () => api.lookUp({ code }),
    onSuccess: (answer) => {
      if (answer.state === 'found') setFound(answer);
      if (answer.state === 'stale') onStale();
    },
  });
  if (found !== undefined) {
    return <LetIn me={me} entry={{ code }} device={found} onStale={onStale} />;
  }
  if (lookUp.data?.state === 'step-up') {
    const { resource, device } = lookUp.data;
    return <StepUpPage me={me} resource={resource} device={device} returnTo="/device" />;
  }
  const locked = lookUp.data?.state === 'locked';
  return (
    <CardPage
      title="Let a device in"
      lead="Type the code that postern up shows on the device in front of you."
      organisation={me.organisation}
      foot="Nobody from your organisation or from Postern will ever send you a code to type here."
    >
      <form
        className="grid gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (code.length === 8) lookUp.mutate();
        }}
      >
        <CodeField code={code} onChange={setCode} disabled={locked} failed={lookUp.data?.state === 'wrong'} />
        {lookUp.isPending ? undefined : <Answer answer={lookUp.data} error={lookUp.error} />}
        <Button type="submit" busy={lookUp.isPending} disabled={code.length < 8 || locked} className="w-full">
          Continue
        </Button>
      </form>
    </CardPage>
  );
}

function Answer({
  answer,
  error,
}: {
  readonly answer: LoginLookUp | undefined;
  readonly error: Error | null;
}) {
  if (error !== null) {
    return (
      <Notice tone="bad" title="The code could not be checked" live>
        {error.message}
      </Notice>
    );
  }
  if (answer?.state === 'locked') {
    return (
      <Notice tone="bad" title="Too many wrong codes" live>
        Entry is locked until <Instant instant={answer.until} />. Then run postern up again for a new code.
      </Notice>
    );
  }
  if (answer?.state === 'wrong' || answer?.state === 'gone') {
    return (
      <Notice tone="bad" title="No device waits with this code" live>
        Check each letter. Codes are good for five minutes.
        {answer.state === 'wrong'
          ? ` ${answer.triesLeft === 1 ? 'One try is' : `${answer.triesLeft} tries are`} left.`
          : ''}
      </Notice>
    );
  }
  return undefined;
}

function CodeField({
  code,
  onChange,
  disabled,
  failed,
}: {
  readonly code: string;
  readonly onChange: (code: string) => void;
  readonly disabled: boolean;
  readonly failed: boolean;
}) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [dropped, setDropped] = useState(false);
  const change = (event: ChangeEvent<HTMLInputElement>): void => {
    const { value, selectionStart } = event.target;
    const typed = typedCode(value);
    // The dash is ours, so the caret is kept by counting letters.
    const letters = typedCode(value.slice(0, selectionStart ?? value.length)).code.length;
    const caret = letters > 4 || (letters === 4 && typed.code.length > 4) ? letters + 1 : letters;
    setDropped(typed.dropped);
    onChange(typed.code);
    requestAnimationFrame(() => field.current?.setSelectionRange(caret, caret));
  };
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block font-medium">
        Code
      </label>
      <input
        ref={field}
        id={id}
        value={formatCode(code)}
        onChange={change}
        disabled={disabled}
        autoFocus
        autoComplete="off"
        autoCapitalize="characters"
        autoCorrect="off"
        spellCheck={false}
        placeholder="XXXX-XXXX"
        aria-describedby={`${id}-hint`}
        aria-invalid={failed}
        className="h-16 w-full rounded-control border border-line-strong bg-surface text-center font-mono text-code tracking-[0.12em] uppercase placeholder:text-line-strong/50 hover:border-quiet disabled:opacity-55 aria-invalid:border-bad"
      />
      <p id={`${id}-hint`} aria-live="polite" className="mt-1.5 text-small text-quiet">
        {dropped
          ? 'A code has only consonants; other letters and digits are left out.'
          : 'Eight consonants; capitals and the dash do not matter.'}
      </p>
    </div>
  );
}
