/** The colours of the map's lines and what they say: by the effect of policies, or by how somebody stands. */
import { accessStates } from '../access-list.tsx';
import type { Effect } from '../policies/about.ts';
import { effectLooks } from '../policies/policy-lines.tsx';
import type { SeenState } from './edge-states.ts';

const effects: Readonly<Record<Effect, Colour>> = {
  allow: { text: effectLooks.allow.text, stroke: 'stroke-good', ground: 'bg-good' },
  deny: { text: effectLooks.deny.text, stroke: 'stroke-bad', ground: 'bg-bad' },
  require: { text: effectLooks.require.text, stroke: 'stroke-wait', ground: 'bg-wait' },
};
const states: Readonly<Record<SeenState, Colour>> = {
  now: { text: accessStates.now.text, stroke: 'stroke-good', ground: 'bg-good' },
  idle: { text: accessStates.idle.text, stroke: 'stroke-line-strong', ground: 'bg-line-strong' },
  refused: { text: accessStates.refused.text, stroke: 'stroke-wait', ground: 'bg-wait' },
  none: { text: 'May not use it', stroke: 'stroke-bad', ground: 'bg-bad' },
};

interface Colour {
  readonly text: string;
  readonly stroke: string;
  readonly ground: string;
}

/** Behind a resource, where no policy rules, lines say nothing. */
export function strokeOfEffect(effect: Effect | undefined): string {
  return effect === undefined ? 'stroke-line-strong' : effects[effect].stroke;
}

export function strokeOfState(state: SeenState): string {
  return states[state].stroke;
}

export function Legend({ of }: { readonly of: 'effects' | 'states' }) {
  return (
    <p className="ml-auto flex flex-wrap gap-x-4 text-note text-quiet max-md:hidden" aria-hidden="true">
      {Object.values(of === 'effects' ? effects : states).map(({ text, ground }) => (
        <span key={text} className="inline-flex items-center gap-1.5">
          <span className={`h-0.5 w-4 ${ground}`} />
          {text}
        </span>
      ))}
    </p>
  );
}
