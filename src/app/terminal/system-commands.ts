/** Each colour that is set makes xterm write its style sheet anew, and draw all of the screen. */
const COLOUR_COST = 1500;
const COMMAND_COST = 200;
/** Colours that one command may name: what they cost is paid in one piece. */
const COLOURS_AT_ONCE = 8;
const LINK = 8;
/** By the number of the command: parameters of one colour (xterm's ctlseqs). OSC 10 to 12 name three at most. */
const PARAMETERS_OF_COLOUR = new Map([
  [4, 2],
  [104, 1],
]);
const OTHER_COLOURS = new Set([10, 11, 12, 110, 111, 112]);

/** An operating system command without what introduces and ends it, and what it costs in letters. */
interface SystemCommand {
  readonly text: string;
  readonly cost: number;
}

/**
 * The commands that a terminal is given for one: many colours as several commands of a few each; no link (xterm walks a list of
 * the lines of each for every letter, and the page opens none); anything else as it is.
 */
export function commandsOf(command: string): readonly SystemCommand[] {
  const [name = "", ...parameters] = command.split(";");
  const number = Number(name);
  if (number === LINK) return [];
  const each = PARAMETERS_OF_COLOUR.get(number);
  if (each === undefined) {
    return [{ text: command, cost: COMMAND_COST + (OTHER_COLOURS.has(number) ? 3 * COLOUR_COST : 0) }];
  }
  const most = each * COLOURS_AT_ONCE;
  return Array.from({ length: Math.ceil(parameters.length / most) || 1 }, (_, index) => {
    const some = parameters.slice(index * most, (index + 1) * most);
    const cost = COMMAND_COST + (Math.ceil(some.length / each) || 1) * COLOUR_COST;
    return { text: [name, ...some].join(";"), cost };
  });
}
