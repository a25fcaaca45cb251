/** Approves a device from where it stands, with a way back. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { toast } from '../../ui/toast.tsx';

export function ApproveButton({
  id,
  name,
  small = false,
}: {
  readonly id: string;
  readonly name: string;
  /** In a row. */
  readonly small?: boolean;
}) {
  const may = useMay();
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: ['admin'] });
  const shown = foreignText(name, 60);
  const send = () => admin.device('approve', id);
  const approve = useMutation({
    mutationFn: send,
    onSuccess: () => {
      toast({
        text: `${shown} is approved.`,
        call: send(),
        undo: async () => {
          await admin.device('unapprove', id);
          await refresh();
        },
      });
      return refresh();
    },
    onError: (error) => toast({ tone: 'bad', text: error.message }),
  });
  if (!may('devices.write')) return undefined;
  return (
    <Button small={small} busy={approve.isPending} onClick={() => approve.mutate()}>
      Approve
      <span className="sr-only"> {shown}</span>
    </Button>
  );
}
