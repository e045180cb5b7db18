import { CommandPalette } from "#app/command-palette/command-palette.tsx";
import { Help } from "#app/help/help.tsx";
import { useApp } from "#app/store/app-context.tsx";
import { Questions } from "./questions.tsx";
import { NameDialogs } from "./name-dialogs.tsx";
import { OptionsDialog } from "./options-dialog.tsx";
import { PlainTextDialog } from "./plain-text-dialog.tsx";

/** The dialog that is open, if any. */
export function Dialogs() {
  const dialog = useApp((state) => state.dialog);
  const onClose = useApp((state) => state.dialogClosed);
  switch (dialog?.type) {
    case undefined:
      return null;
    case "help":
      return <Help onClose={onClose} />;
    case "palette":
      return <CommandPalette onClose={onClose} />;
    case "options":
      return <OptionsDialog imageId={dialog.imageId} onClose={onClose} />;
    case "plainText":
      return <PlainTextDialog guestId={dialog.guestId} onClose={onClose} />;
    case "renameGuest":
    case "renameSnapshot":
    case "takeSnapshot":
      return <NameDialogs dialog={dialog} onClose={onClose} />;
    case "destroyGuest":
    case "powerOff":
    case "resetGuest":
    case "deleteSnapshot":
      return <Questions dialog={dialog} onClose={onClose} />;
  }
}
