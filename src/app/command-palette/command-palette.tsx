import { type KeyboardEvent, useId, useState } from "react";
import { Dialog as AriaDialog } from "react-aria-components/Dialog";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { cx } from "#app/ui/cx.ts";
import { Icon } from "#app/ui/icon.tsx";
import type { MenuEntry } from "#app/ui/menu.tsx";
import { useWorld } from "#app/store/app-context.tsx";
import { commands } from "./commands.ts";
import styles from "./command-palette.module.css";

/** Every command by its name: type some letters of each word, Enter does it. */
export function CommandPalette({ onClose }: { readonly onClose: () => void }) {
  return (
    <ModalOverlay
      className={styles["scrim"] ?? ""}
      isOpen
      isDismissable
      onOpenChange={(isOpen) => !isOpen && onClose()}
    >
      <Modal className={styles["modal"] ?? ""}>
        <AriaDialog aria-label="Do anything" className={styles["dialog"] ?? ""}>
          <Commands onClose={onClose} />
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

function Commands({ onClose }: { readonly onClose: () => void }) {
  const [all] = useState(commands(useWorld()));
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const listId = useId();
  const found = all.filter(({ title }) => matches(title, text));
  const run = (entry: MenuEntry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Enter") run(found[at]);
    if (step === 0 || found.length === 0) return;
    event.preventDefault();
    const next = (at + step + found.length) % found.length;
    setAt(next);
    document.getElementById(`${listId}-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      <input
        className={styles["text"]}
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={found.length > 0 ? `${listId}-${at}` : undefined}
        placeholder="Do anything…"
        value={text}
        autoFocus
        spellCheck={false}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
      />
      <ul id={listId} role="listbox" aria-label="Commands" className={styles["list"]}>
        {found.map((entry, index) => (
          <li
            key={entry.id}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === at}
            className={cx(styles["item"], index === at && styles["at"])}
            onPointerMove={() => setAt(index)}
            onClick={() => run(entry)}
          >
            <Icon name={entry.icon} />
            {entry.title}
            {entry.shortcut && <kbd>{entry.shortcut}</kbd>}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className={styles["none"]}>No command has this name.</p>}
    </>
  );
}

function matches(title: string, text: string): boolean {
  const lower = title.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}
