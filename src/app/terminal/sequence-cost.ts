/** The size of a terminal's screen, in cells. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Largest parameter that says which mode, colour or report is meant. */
const LARGEST_NAME = 65_535;
/** Finals of control sequences whose parameters count or place cells and lines (ECMA-48 §8.3, xterm's ctlseqs). */
const COUNTS = /^[@-MPSTXZ`a-bd-f]$/;
/** With an intermediate: SL, SR, DECIC, DECDC. */
const COUNTS_WITH_INTERMEDIATE = new Set([" @", " A", "'}", "'~"]);

/** What an ordinary escape sequence costs. */
const SEQUENCE_COST = 10;
/** A line is moved, or made anew. */
const LINE_COST = 40;
/** Both buffers are made anew. */
const RESET_COST = 700;

/** A complete control sequence: `ESC [`, parameters, intermediates, final. */
export interface ControlSequence {
  readonly parameters: string;
  readonly intermediates: string;
  readonly final: string;
}

/** Whether a sequence's numbers count or place cells and lines. */
function isCount({ intermediates, final }: ControlSequence): boolean {
  return intermediates === "" ? COUNTS.test(final) : COUNTS_WITH_INTERMEDIATE.has(intermediates + final);
}

/**
 * The parameters with each number no larger than the screen can make use of: xterm moves, makes and repeats as often as it
 * is told, also where the screen has long been full. Well-behaved ones stay as they are.
 */
export function clampParameters(sequence: ControlSequence, { columns, rows }: ScreenSize): string {
  // A repeated character may fill the screen; nothing else has more of anything than its longer side.
  const most = isCount(sequence) ? (sequence.final === "b" ? columns * rows : Math.max(columns, rows)) : LARGEST_NAME;
  return sequence.parameters.replace(/\d+/g, (digits) => (Number(digits) > most ? String(most) : digits));
}

/** Every cell is written. */
function costOfScreen({ columns, rows }: ScreenSize): number {
  return 300 + Math.ceil((columns * rows) / 16);
}

function firstNumber(parameters: string): number {
  return Math.max(1, Number(/^\d*/.exec(parameters)?.[0] ?? 0));
}

/** About what xterm's work on a control sequence is, in letters that it could print in that time; its numbers are clamped. */
export function costOfControl(sequence: ControlSequence, { columns, rows }: ScreenSize): number {
  const { parameters, intermediates, final } = sequence;
  const screen = costOfScreen({ columns, rows });
  if (intermediates.length > 0) return isCount(sequence) ? screen : SEQUENCE_COST;
  switch (final) {
    case "S":
    case "T":
    case "L":
    case "M":
      return SEQUENCE_COST + firstNumber(parameters) * LINE_COST;
    case "b":
      return SEQUENCE_COST + firstNumber(parameters) / 2;
    case "I":
    case "Z":
    case "@":
    case "P":
    case "X":
    case "K":
      return SEQUENCE_COST + columns;
    case "J":
      return screen;
    case "h":
    case "l":
      // Another buffer, margins, the mouse: at most the screen is made anew.
      return parameters.startsWith("?") ? screen : SEQUENCE_COST;
    default:
      return SEQUENCE_COST;
  }
}

/** As `costOfControl`, of an escape sequence without parameters. */
export function costOfEscape(intermediates: string, final: string, size: ScreenSize): number {
  if (intermediates === "" && final === "c") return RESET_COST + costOfScreen(size);
  if (intermediates === "#") return costOfScreen(size);
  // RI, IND, NEL: within margins lines are moved.
  return "MDE".includes(final) ? SEQUENCE_COST + LINE_COST : SEQUENCE_COST;
}
