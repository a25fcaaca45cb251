/** A change as the API takes it, to copy into a script: shown before it is made, and sent by nobody. */
import type { ApiCall } from '../api/call.ts';
import { codeOf } from '../api/code-of.ts';
import { CodeBlock } from './code-block.tsx';

/** Nothing where only the person in this browser may do it. */
export function AsCode({ call }: { readonly call: ApiCall<unknown> }) {
  const code = codeOf(call, location.origin);
  if (code === undefined) return undefined;
  return (
    <details>
      <summary className="w-fit rounded-small text-small font-medium text-quiet hover:text-ink">
        As code
      </summary>
      <div className="mt-3 grid gap-2">
        <CodeBlock what="The change as code" text={code} wraps />
        <p className="text-small text-quiet text-pretty">
          TOKEN is an API token whose role may do it: Settings, API tokens.
        </p>
      </div>
    </details>
  );
}
