import type { Terminal } from "@xterm/xterm";

/** The control sequences to which a terminal answers by itself (ECMA-48, xterm's ctlseqs). */
const QUERIES_CSI = [
  { final: "c" },
  { prefix: ">", final: "c" },
  { prefix: "=", final: "c" },
  { prefix: ">", final: "q" },
  { final: "n" },
  { prefix: "?", final: "n" },
  { intermediates: "$", final: "p" },
  { prefix: "?", intermediates: "$", final: "p" },
  { final: "t" },
  { prefix: "?", final: "u" },
];
const QUERIES_OSC = [4, 10, 11, 12];

/**
 * Tells a terminal's own answers (device attributes, cursor position, colours …) from what a person types: `onData` brings
 * both. Answers come in the same turn in which the query is parsed, and nothing that a person does can fall into it.
 */
export class TerminalAnswers {
  #expected = false;

  constructor(terminal: Terminal) {
    const expect = () => {
      this.#expected = true;
      queueMicrotask(() => {
        this.#expected = false;
      });
      return false;
    };
    for (const query of QUERIES_CSI) terminal.parser.registerCsiHandler(query, expect);
    for (const query of QUERIES_OSC) terminal.parser.registerOscHandler(query, expect);
    terminal.parser.registerDcsHandler({ intermediates: "$", final: "q" }, expect);
    terminal.parser.registerEscHandler({ final: "Z" }, expect);
  }

  /** Whether data that the terminal gives out right now is an answer. */
  get expected(): boolean {
    return this.#expected;
  }
}
