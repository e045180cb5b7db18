const PASTE_START = "\u001b[200~";
const PASTE_END = "\u001b[201~";
const LONGEST_MARKER = 6;
// oxlint-disable-next-line no-control-regex -- control sequences are what is matched here
const MARKER_AT_END = /(?:\u001b\[|\u009b)20[01]~$/;

/**
 * What a terminal types for pasted text: lines end in CR as from the Enter key, and no marker of bracketed paste inside
 * the text can end the bracket early, however it is nested. Takes time in proportion to the text.
 */
export function typedForPaste(text: string, bracketed: boolean): string {
  const clean = withoutMarkers(text.replace(/\r?\n/g, "\r"));
  return bracketed ? PASTE_START + clean + PASTE_END : clean;
}

/** A marker goes as soon as it is complete, so that what was around it can be one, and go as well. */
function withoutMarkers(text: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let end = text.indexOf("~"); end >= 0; end = text.indexOf("~", from)) {
    for (const character of text.slice(from, end + 1)) kept.push(character);
    from = end + 1;
    const marker = MARKER_AT_END.exec(kept.slice(-LONGEST_MARKER).join(""));
    if (marker) kept.length -= marker[0].length;
  }
  return kept.join("") + text.slice(from);
}
