/** The button that begins a new one of what stands on the page: a plus, and what it adds. */
import { Plus } from 'lucide-react';
import { Button, type ButtonProps } from './button.tsx';

export function AddButton({ children, ...button }: ButtonProps) {
  return (
    <Button className="shrink-0 whitespace-nowrap" {...button}>
      <Plus className="size-4" aria-hidden="true" />
      {children}
    </Button>
  );
}
