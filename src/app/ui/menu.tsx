import { type ReactElement, Fragment } from "react";
import { Menu as AriaMenu, MenuItem, MenuTrigger } from "react-aria-components/Menu";
import { Popover } from "react-aria-components/Popover";
import { Separator } from "react-aria-components/Separator";
import { cx } from "./cx.ts";
import { Icon, type IconName } from "./icon.tsx";
import styles from "./menu.module.css";

/** One line of a menu. */
export interface MenuEntry {
  readonly id: string;
  readonly title: string;
  readonly icon: IconName;
  readonly run: () => void;
  readonly shortcut?: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** A line above sets it apart. */
  readonly apart?: boolean;
}

interface MenuListProps {
  readonly label: string;
  readonly entries: readonly MenuEntry[];
}

/** A menu that opens from a button, its only child. */
export function Menu({ label, entries, children }: MenuListProps & { readonly children: ReactElement }) {
  return (
    <MenuTrigger>
      {children}
      <Popover className={styles["popover"] ?? ""} placement="bottom end" offset={4}>
        <MenuList label={label} entries={entries} />
      </Popover>
    </MenuTrigger>
  );
}

/** The lines of a menu, for a popover that is already there. */
export function MenuList({ label, entries }: MenuListProps) {
  return (
    <AriaMenu className={styles["menu"] ?? ""} aria-label={label} autoFocus="first">
      {entries.map((entry) => (
        <Fragment key={entry.id}>
          {entry.apart && <Separator className={styles["separator"] ?? ""} />}
          <MenuItem
            id={entry.id}
            className={cx(styles["item"], entry.danger && styles["danger"])}
            textValue={entry.title}
            isDisabled={entry.disabled ?? false}
            onAction={entry.run}
          >
            <Icon name={entry.icon} />
            {entry.title}
            {entry.shortcut && <kbd>{entry.shortcut}</kbd>}
          </MenuItem>
        </Fragment>
      ))}
    </AriaMenu>
  );
}

interface ContextMenuProps extends MenuListProps {
  /** Where it was asked for, in the window; undefined while it is closed. */
  readonly at: { readonly x: number; readonly y: number } | undefined;
  readonly onClose: () => void;
}

/** A menu at the pointer. */
export function ContextMenu({ at, onClose, label, entries }: ContextMenuProps) {
  if (!at) return null;
  return (
    <Popover
      className={styles["popover"] ?? ""}
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      placement="bottom start"
      offset={0}
      aria-label={label}
      getTargetRect={() => new DOMRect(at.x, at.y, 0, 0)}
      triggerRef={{ current: document.body }}
    >
      <MenuList
        label={label}
        entries={entries.map((entry) => ({
          ...entry,
          run: () => {
            onClose();
            entry.run();
          },
        }))}
      />
    </Popover>
  );
}
