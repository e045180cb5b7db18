/** The page's keys, all with Ctrl+Shift: a terminal needs every other combination. */
export const keys = [
  { keys: "Ctrl+Shift+K", does: "Do anything: every command by its name" },
  { keys: "Ctrl+Shift+G", does: "Go to the next guest" },
  { keys: "Ctrl+Shift+L", does: "Leave the console: the keyboard goes to the pane’s tools" },
  { keys: "Ctrl+Shift+S", does: "Take a snapshot of the guest" },
  { keys: "Ctrl+Shift+F", does: "Find in the console" },
  { keys: "Ctrl+Shift+C", does: "Copy what is selected in the console" },
  { keys: "Ctrl+Shift+V", does: "Paste into the console" },
  { keys: "Ctrl+Shift+H", does: "This help" },
] as const;
