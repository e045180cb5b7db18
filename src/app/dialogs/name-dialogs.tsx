import { type FormEvent, useState } from "react";
import { Button } from "#app/ui/button.tsx";
import { Dialog as DialogFrame, DialogActions } from "#app/ui/dialog.tsx";
import { TextField } from "#app/ui/field.tsx";
import { useActs, useApp } from "#app/store/app-context.tsx";
import type { Dialog } from "#app/store/dialogs-slice.ts";

interface NameDialogsProps {
  readonly dialog: Extract<Dialog, { type: "renameGuest" | "renameSnapshot" | "takeSnapshot" }>;
  readonly onClose: () => void;
}

/** The dialogs that ask for one name. */
export function NameDialogs({ dialog, onClose }: NameDialogsProps) {
  const acts = useActs();
  const guest = useApp((state) => state.guests.find(({ id }) => id === dialog.guestId));
  if (!guest) return null;
  switch (dialog.type) {
    case "renameGuest":
      return (
        <NameDialog
          title="Rename the guest"
          label="Name"
          initial={guest.name}
          confirm="Rename"
          onClose={onClose}
          onName={(name) => acts.rename(guest.id, name)}
        />
      );
    case "renameSnapshot": {
      const { snapshotId } = dialog;
      const label = guest.snapshots.find(({ id }) => id === snapshotId)?.label ?? "";
      return (
        <NameDialog
          title="Rename the snapshot"
          label="Name"
          initial={label}
          confirm="Rename"
          onClose={onClose}
          onName={(name) => acts.renameSnapshot(guest.id, snapshotId, name)}
        />
      );
    }
    case "takeSnapshot":
      return (
        <NameDialog
          title={`Snapshot of “${guest.name}”`}
          label="Name"
          initial={`snapshot ${guest.snapshots.length + 1}`}
          confirm="Take the snapshot"
          onClose={onClose}
          onName={(name) => void acts.snapshot(guest.id, name)}
        />
      );
  }
}

interface NameDialogProps {
  readonly title: string;
  readonly label: string;
  readonly initial: string;
  readonly confirm: string;
  readonly onClose: () => void;
  readonly onName: (name: string) => void;
}

function NameDialog({ title, label, initial, confirm, onClose, onName }: NameDialogProps) {
  const [name, setName] = useState(initial);
  const done = () => {
    if (name.trim() === "") return;
    onClose();
    onName(name.trim());
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    done();
  };
  return (
    <DialogFrame title={title} onClose={onClose}>
      <form onSubmit={onSubmit}>
        <TextField label={label} value={name} onChange={setName} autoFocus />
      </form>
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button tone="primary" disabled={name.trim() === ""} onPress={done}>
          {confirm}
        </Button>
      </DialogActions>
    </DialogFrame>
  );
}
