import { Dialog, DialogLead } from "#app/ui/dialog.tsx";
import { keys } from "./keys.ts";
import styles from "./help.module.css";

/** What the page can do, and its keys. */
export function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Help" broad onClose={onClose}>
      <DialogLead>
        In a console every key goes to the guest, Tab, Escape and Ctrl+C among them. The page itself listens only to
        these:
      </DialogLead>
      <dl className={styles["keys"]}>
        {keys.map((entry) => (
          <div key={entry.keys}>
            <dt>
              <kbd>{entry.keys}</kbd>
            </dt>
            <dd>{entry.does}</dd>
          </div>
        ))}
      </dl>
      <h3 className={styles["heading"]}>Good to know</h3>
      <ul className={styles["facts"]}>
        <li>
          A pane’s tab can be dragged to another pane, or to an edge of one to split it. The pane’s “More” menu does the
          same.
        </li>
        <li>
          Outside a console, Tab and the arrow keys reach everything; lines between panes move with the arrow keys.
        </li>
        <li>
          A right click in a console copies, pastes, searches, and shows it as plain text, which screen readers read
          better.
        </li>
        <li>A reset brings a guest back to the snapshot it stands on: memory, processor, devices and disks.</li>
        <li>
          Scripts reach the same machines as <code>window.tabvisor</code>.
        </li>
      </ul>
    </Dialog>
  );
}
