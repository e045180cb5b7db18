// oxlint-disable-next-line no-control-regex -- control sequences are what is matched here
const QUERIES =
  /\u001b(?:\[[?>=]?[0-9;]*[cn]|\[\??[0-9;]*\$p|\[[0-9;]*t|\[>[0-9;]*q|P[$+]q[^\u001b]*\u001b\\|\][0-9;]+;\?(?:\u0007|\u001b\\)|Z)|\u0005/g;
/** Arguments that a call may have, with room to spare. */
const CHARACTERS_AT_ONCE = 8192;

/**
 * Output without what asks the terminal to answer (device attributes, status and mode reports, colours; ECMA-48 and
 * xterm's control sequences). Old output that is shown again must not make a terminal type into the guest.
 */
export function withoutQueries(output: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!output.includes(0x1b) && !output.includes(0x05)) return output;
  const characters: string[] = [];
  for (let start = 0; start < output.length; start += CHARACTERS_AT_ONCE) {
    characters.push(String.fromCharCode(...output.subarray(start, start + CHARACTERS_AT_ONCE)));
  }
  const kept = characters.join("").replace(QUERIES, "");
  return Uint8Array.from(kept, (character) => character.charCodeAt(0));
}
