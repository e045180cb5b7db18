import { type KeyboardEvent, useEffect, useState } from "react";
import { IconButton } from "#app/ui/button.tsx";
import type { Matches, TerminalSession } from "./terminal-session.ts";
import styles from "./terminal.module.css";

/** Sent to a console's element to open its search. */
export const FIND_EVENT = "tabvisor-find";

/** Searches the screen and the scrollback. */
export function FindBar({ session, onClose }: { readonly session: TerminalSession; readonly onClose: () => void }) {
  const [text, setText] = useState("");
  const [matches, setMatches] = useState<Matches>();
  useEffect(() => session.onMatches(setMatches), [session]);
  const look = (value: string) => {
    setText(value);
    if (value === "") session.endFind();
    else session.find(value, "previous", true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onClose();
    if (event.key === "Enter") session.find(text, event.shiftKey ? "next" : "previous");
  };
  return (
    <div
      className={styles["find"]}
      role="search"
      onKeyDown={onKeyDown}
      onContextMenu={(event) => event.stopPropagation()}
    >
      <input
        className={styles["findText"]}
        aria-label="Find in the console"
        placeholder="Find"
        value={text}
        autoFocus
        spellCheck={false}
        onChange={(event) => look(event.target.value)}
      />
      <span className={styles["findCount"]} role="status">
        {text === "" ? "" : inWords(matches)}
      </span>
      <IconButton icon="up" label="Previous match" shortcut="Enter" onPress={() => session.find(text, "previous")} />
      <IconButton icon="down" label="Next match" shortcut="Shift+Enter" onPress={() => session.find(text, "next")} />
      <IconButton icon="close" label="Close the search" shortcut="Esc" onPress={onClose} />
    </div>
  );
}

function inWords(matches: Matches | undefined): string {
  if (!matches || matches.count === 0) return "none";
  return matches.index < 0 ? `${matches.count}+` : `${matches.index + 1} of ${matches.count}`;
}
