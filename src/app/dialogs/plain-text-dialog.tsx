import { useState } from "react";
import { Button } from "#app/ui/button.tsx";
import { Dialog, DialogActions } from "#app/ui/dialog.tsx";
import { useActs, useApp, useWorld } from "#app/store/app-context.tsx";
import styles from "./plain-text-dialog.module.css";

/** A console as still text: for screen readers, and to copy long output from. */
export function PlainTextDialog({ guestId, onClose }: { readonly guestId: string; readonly onClose: () => void }) {
  const { terminals } = useWorld();
  const { goTo } = useActs();
  const name = useApp((state) => state.guests.find(({ id }) => id === guestId)?.name);
  const read = () => terminals.of(guestId)?.plainText() ?? "";
  const [text, setText] = useState(read);
  const close = () => {
    onClose();
    goTo(guestId);
  };
  return (
    <Dialog title={`Console of ${name ?? "the guest"} as plain text`} broad onClose={close}>
      <textarea
        className={styles["text"]}
        aria-label="Console as plain text"
        readOnly
        value={text}
        autoFocus
        spellCheck={false}
      />
      <DialogActions>
        <Button onPress={() => setText(read())}>Read again</Button>
        <Button icon="copy" onPress={() => void navigator.clipboard.writeText(text)}>
          Copy all
        </Button>
        <Button tone="primary" onPress={close}>
          Close
        </Button>
      </DialogActions>
    </Dialog>
  );
}
