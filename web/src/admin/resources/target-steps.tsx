/** What came of a target's test: each step with its time, and where one failed what would mend it. */
import type { TargetTested } from '../../../../protocol/target-test.ts';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { StepList } from '../../ui/step-list.tsx';

const names = { dns: 'DNS', tcp: 'TCP', tls: 'TLS', http: 'HTTP' } as const;

export function TargetSteps({ tested }: { readonly tested: TargetTested }) {
  return (
    <div className="grid gap-2">
      <StepList
        label="What the connector found"
        steps={tested.steps.map(({ step, ms, code, status, text }) => ({
          id: step,
          text: (
            <>
              <b className="font-semibold">{names[step]}</b>
              {status === undefined ? '' : ` ${status}`}
            </>
          ),
          aside: `${ms} ms`,
          about: foreignText(text, 400),
          state: code === undefined ? 'done' : 'failed',
        }))}
      />
      <p className="text-small text-quiet">
        Tried by the connector <Foreign text={tested.connector} limit={64} />.
      </p>
    </div>
  );
}
