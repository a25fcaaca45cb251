/** Signs out, and leads through the sign-in back to the page that is open: for what is another person's. */
import { useMutation } from '@tanstack/react-query';
import type { Me } from '../../../protocol/portal.ts';
import { api, signInUrl } from '../api/portal.ts';
import { Button } from '../ui/button.tsx';

export function SomebodyElse({ me }: { readonly me: Me }) {
  const leave = useMutation({
    mutationFn: () => api.signOut(false),
    onSuccess: () => {
      const here = location.pathname + location.search;
      const { provider } = me.session;
      // The provider is asked anew: otherwise it would send the same person back.
      location.assign(
        provider === null
          ? `/login?${new URLSearchParams({ rd: here }).toString()}`
          : signInUrl(provider, here, { fresh: '1' }),
      );
    },
  });
  return (
    <>
      <Button tone="secondary" busy={leave.isPending} onClick={() => leave.mutate()}>
        Sign in as somebody else
      </Button>
      {leave.error === null ? undefined : (
        <p role="alert" className="w-full text-small text-bad">
          {leave.error.message}
        </p>
      )}
    </>
  );
}
