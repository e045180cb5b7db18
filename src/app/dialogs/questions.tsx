import { useState } from "react";
import { Confirm, DialogLead } from "#app/ui/dialog.tsx";
import { CheckField } from "#app/ui/field.tsx";
import { useActs, useApp } from "#app/store/app-context.tsx";
import type { Dialog } from "#app/store/dialogs-slice.ts";

type Question = Extract<Dialog, { type: "destroyGuest" | "powerOff" | "resetGuest" | "deleteSnapshot" }>;

interface QuestionsProps {
  readonly dialog: Question;
  readonly onClose: () => void;
}

/** The questions before acts that cannot be undone. */
export function Questions({ dialog, onClose }: QuestionsProps) {
  const acts = useActs();
  const guest = useApp((state) => state.guests.find(({ id }) => id === dialog.guestId));
  if (!guest) return null;
  const label = "snapshotId" in dialog ? (guest.snapshots.find(({ id }) => id === dialog.snapshotId)?.label ?? "") : "";
  switch (dialog.type) {
    case "destroyGuest":
      return (
        <Confirm
          title={`Destroy “${guest.name}”?`}
          confirm="Destroy"
          onClose={onClose}
          onConfirm={() => void acts.destroy(guest.id)}
        >
          <DialogLead>{`Its memory, its disks and its ${countOf(guest.snapshots.length)} are gone for good.`}</DialogLead>
        </Confirm>
      );
    case "powerOff":
      return (
        <Confirm
          title={`Power off “${guest.name}”?`}
          confirm="Power off"
          onClose={onClose}
          onConfirm={() => void acts.powerOff(guest.id)}
        >
          <DialogLead>
            It stops at once, as when the plug is pulled: what it has not written is lost. To shut it down in order,
            type <code>poweroff</code> in its console.
          </DialogLead>
        </Confirm>
      );
    case "resetGuest":
      return (
        <ResetQuestion
          guestName={guest.name}
          label={label}
          onClose={onClose}
          onConfirm={() => void acts.reset(guest.id, dialog.snapshotId)}
        />
      );
    case "deleteSnapshot":
      return (
        <Confirm
          title={`Delete the snapshot “${label}”?`}
          confirm="Delete"
          onClose={onClose}
          onConfirm={() => void acts.deleteSnapshot(guest.id, dialog.snapshotId)}
        >
          <DialogLead>Snapshots made after it stay. This one cannot be brought back.</DialogLead>
        </Confirm>
      );
  }
}

interface ResetQuestionProps {
  readonly guestName: string;
  readonly label: string;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
}

function ResetQuestion({ guestName, label, onClose, onConfirm }: ResetQuestionProps) {
  const [never, setNever] = useState(false);
  const askBeforeResetChosen = useApp((state) => state.askBeforeResetChosen);
  const confirmed = () => {
    if (never) askBeforeResetChosen(false);
    onConfirm();
  };
  return (
    <Confirm
      title={`Reset “${guestName}” to “${label}”?`}
      confirm="Reset"
      danger={false}
      onClose={onClose}
      onConfirm={confirmed}
    >
      <DialogLead>
        Everything that happened in the guest since then is lost. Take a snapshot first to keep it.
      </DialogLead>
      <CheckField label="Do not ask again" checked={never} onChange={setNever} />
    </Confirm>
  );
}

function countOf(snapshots: number): string {
  return snapshots === 1 ? "one snapshot" : `${snapshots} snapshots`;
}
