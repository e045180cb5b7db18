const PASTE_START = "\u001b[200~";
const PASTE_END = "\u001b[201~";
const PASTE_MARKERS = /(?:\u001b\[|\u009b)20[01]~/g;

/**
 * What a terminal types for pasted text: lines end in CR as from the Enter key, and no marker of bracketed paste inside
 * the text can end the bracket early, however it is nested.
 */
export function typedForPaste(text: string, bracketed: boolean): string {
  let clean = text.replace(/\r?\n/g, "\r");
  for (;;) {
    const next = clean.replace(PASTE_MARKERS, "");
    if (next === clean) break;
    clean = next;
  }
  return bracketed ? PASTE_START + clean + PASTE_END : clean;
}
