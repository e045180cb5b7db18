import type { ReactNode } from "react";
import { Dialog as AriaDialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { Button } from "./button.tsx";
import { cx } from "./cx.ts";
import styles from "./dialog.module.css";

interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
  readonly broad?: boolean;
  readonly role?: "dialog" | "alertdialog";
}

/** A dialog over the page; Escape or a press beside it closes it. */
export function Dialog({ title, children, onClose, broad = false, role = "dialog" }: DialogProps) {
  return (
    <ModalOverlay
      className={styles["scrim"] ?? ""}
      isOpen
      isDismissable
      onOpenChange={(isOpen) => !isOpen && onClose()}
    >
      <Modal className={cx(styles["modal"], broad && styles["broad"])}>
        <AriaDialog className={styles["dialog"] ?? ""} role={role}>
          <Heading slot="title" level={2} className={styles["title"] ?? ""}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** What a dialog says, quieter than its title. */
export function DialogLead({ children }: { readonly children: ReactNode }) {
  return <p className={styles["lead"]}>{children}</p>;
}

/** The buttons at a dialog's end. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className={styles["actions"]}>{children}</div>;
}

interface ConfirmProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly confirm: string;
  readonly danger?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** One question before an act that cannot be undone. */
export function Confirm({ title, children, confirm, danger = true, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose} role="alertdialog">
      {children}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button
          tone={danger ? "danger" : "primary"}
          autoFocus
          onPress={() => {
            onClose();
            onConfirm();
          }}
        >
          {confirm}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
