/** Codes that `KeyboardEvent.keyCode` has for keys without a letter (UI Events §9.3.2). */
const KEY_CODES: Readonly<Record<string, number>> = {
  Backspace: 8,
  Tab: 9,
  Enter: 13,
  Escape: 27,
  PageUp: 33,
  PageDown: 34,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
  Insert: 45,
  Delete: 46,
};
/** What an input method has taken, or says that it has. */
const TAKEN = 229;
const UNIT_SEPARATOR = "\u001f";

/** What a key that xterm has no answer for stands for: text for the guest, or another event in its place. */
export type OddKey = { readonly text: string } | { readonly event: KeyboardEvent } | undefined;

/**
 * Ctrl+/ is the unit separator, as terminals have it. Keys that come with keyCode 229 although no input method composes
 * anything (virtual keyboards, remote desktops) are given the code of their name; letters come by the input event.
 */
export function oddKey(event: KeyboardEvent): OddKey {
  if (event.type !== "keydown" || event.isComposing) return undefined;
  const { ctrlKey, altKey, metaKey, shiftKey, key, code } = event;
  const hasOnlyControl = ctrlKey && !altKey && !metaKey;
  if (hasOnlyControl && key === "/") return { text: UNIT_SEPARATOR };
  if (event.keyCode !== TAKEN) return undefined;
  const keyCode =
    KEY_CODES[key] ?? (hasOnlyControl && /^[a-z]$/i.test(key) ? key.toUpperCase().charCodeAt(0) : undefined);
  if (keyCode === undefined) return undefined;
  const modifiers = { ctrlKey, altKey, metaKey, shiftKey };
  return { event: new KeyboardEvent("keydown", { key, code, keyCode, ...modifiers, bubbles: true, cancelable: true }) };
}
