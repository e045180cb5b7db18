import { clampParameters, costOfControl, costOfEscape, type ScreenSize } from "./sequence-cost.ts";
import { commandsOf } from "./system-commands.ts";

/** Longest control sequence that is passed on: what follows is one of nobody's. */
const MOST_CONTROL = 256;
/** Longest string of an operating system command or a device control: titles, colours. */
const MOST_STRING = 4096;
/** What a device control costs: it is answered. */
const STRING_COST = 200;
const LINE_FEED_COST = 4;
/** xterm measures each letter that it has not drawn yet, in each style. */
const NEW_LETTER_COST = 3000;
/** Letters remembered as drawn: more than a screen and its scrollback have of one script. */
const MOST_LETTERS = 20_000;
/** Marks that may join one letter; xterm keeps all of them in one cell, and draws them. */
const MOST_MARKS = 8;

// oxlint-disable no-control-regex -- control characters are what is looked for
/** What text may hold besides Latin letters: controls, and letters that a font may not have. */
const SPECIAL = /[\u0000-\u001f\u007f-\u009f]|[^\u0000-\u00ac\u00ae-\u00ff]/gu;
/** Joins the letter before it. */
const MARK = /[\p{M}\p{Cf}\u1160-\u11ff]/u;
/** Everything in a string that may end it, or be dropped. */
const IN_STRING = /[\u0000-\u001f\u0080-\u009f]/g;
/** A device control that is one: parameters, intermediates, a final, and then what it is about. */
const DEVICE_CONTROL = /^\u001bP[0-?]*[ -/]*[@-~][ -~]*$/;
// oxlint-enable no-control-regex

const ESC = "\u001b";
const STRING_END = `${ESC}\\`;

type Kind = "text" | "escape" | "control" | "string" | "ignored";

/** A piece of output that a terminal parses at once. */
export interface OutputPiece {
  readonly text: string;
  /** In letters that it could print in that time. */
  readonly cost: number;
}

/**
 * Output on its way to xterm, which does what it is told as often as it is told: whole sequences only, with numbers that the
 * screen can make use of, strings and piles of marks of bounded length, in pieces of bounded cost (ECMA-48, and the states of
 * a VT500's parser). What a well-behaved program prints passes as it is. Sequences may be cut anywhere between calls.
 */
export class OutputFilter {
  readonly #mostCost: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #size: ScreenSize = { columns: 80, rows: 24 };
  #kind: Kind = "text";
  /** Of the sequence that has begun: all of it, with its introducer. */
  #sequence = "";
  #isTooLong = false;
  /** An ESC came in a string: it ends, whatever follows. */
  #isEnding = false;
  #marks = MOST_MARKS;
  readonly #letters = new Set<string>();
  #pieces: OutputPiece[] = [];
  #text = "";
  #cost = 0;

  /** A piece is cut once it costs `mostCost`. */
  constructor(mostCost: number) {
    this.#mostCost = mostCost;
  }

  /** What a terminal of this size may be given for `bytes`, in order. */
  pieces(bytes: Uint8Array, size: ScreenSize): readonly OutputPiece[] {
    this.#size = size;
    const text = this.#decoder.decode(bytes, { stream: true });
    let at = 0;
    while (at < text.length) {
      if (this.#kind === "text") at = this.#plain(text, at);
      else if (this.#kind === "string" || this.#kind === "ignored") at = this.#string(text, at);
      else this.#inSequence(text[at++] ?? "");
    }
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** Text up to the next control; each control is one step. */
  #plain(text: string, from: number): number {
    SPECIAL.lastIndex = from;
    const special = SPECIAL.exec(text);
    const end = Math.min(special?.index ?? text.length, from + this.#mostCost);
    if (end > from) {
      this.#emit(text.slice(from, end), end - from);
      this.#marks = 0;
      return end;
    }
    const character = special?.[0] ?? "";
    if (character < "\u00a0") this.#controlCharacter(character);
    else if (MARK.test(character)) this.#mark(character);
    else this.#letter(character);
    return from + character.length;
  }

  /** Marks join the letter that was printed last; where the cursor has moved since, it may be any. */
  #mark(character: string): void {
    if (this.#marks >= MOST_MARKS) return;
    this.#marks++;
    // With the letter it is one that nobody has drawn yet.
    this.#emit(character, NEW_LETTER_COST / 4);
  }

  #letter(character: string): void {
    this.#marks = 0;
    const isNew = !this.#letters.has(character);
    if (isNew && this.#letters.size >= MOST_LETTERS) this.#letters.clear();
    this.#letters.add(character);
    this.#emit(character, isNew ? NEW_LETTER_COST : 2);
  }

  #controlCharacter(character: string): void {
    this.#marks = MOST_MARKS;
    if (character === ESC) return this.#begin("escape", ESC);
    // DEL takes no time and no place; xterm complains of each.
    if (character === "\u007f") return;
    if (character >= "\u0080") return this.#introduced(String.fromCharCode(character.charCodeAt(0) - 0x40));
    this.#emit(character, character === "\n" || character === "\u000b" || character === "\f" ? LINE_FEED_COST : 1);
  }

  #begin(kind: Kind, sequence: string): void {
    this.#kind = kind;
    this.#sequence = sequence;
    this.#isTooLong = this.#isEnding = false;
  }

  /** ESC and this, or the one character that stands for both. */
  #introduced(character: string): void {
    if (character === "[") this.#begin("control", `${ESC}[`);
    else if (character === "]" || character === "P") this.#begin("string", ESC + character);
    else if (character === "X" || character === "^" || character === "_") this.#begin("ignored", "");
    else {
      this.#kind = "text";
      this.#emit(ESC + character, costOfEscape("", character, this.#size));
    }
  }

  /** Within an escape or control sequence. */
  #inSequence(character: string): void {
    if (character < " ") {
      if (character === ESC) return this.#begin("escape", ESC);
      if (character === "\u0018" || character === "\u001a") this.#kind = "text";
      // Others are carried out at once, as if they stood before the sequence.
      return this.#emit(character, LINE_FEED_COST);
    }
    if (character === "\u007f") return;
    if (character > "~") {
      this.#kind = "text";
      if (character <= "\u009f") this.#controlCharacter(character);
      return;
    }
    if (this.#kind === "escape" && this.#sequence === ESC && character >= "0") return this.#introduced(character);
    if (this.#sequence.length < MOST_CONTROL) this.#sequence += character;
    else this.#isTooLong = true;
    const isFinal = this.#kind === "escape" ? character >= "0" : character >= "@";
    if (isFinal) this.#final(character);
  }

  #final(final: string): void {
    const { kind, sequence } = { kind: this.#kind, sequence: this.#sequence };
    this.#kind = "text";
    if (this.#isTooLong) return;
    if (kind === "escape") return this.#emit(sequence, costOfEscape(sequence.slice(1, -1), final, this.#size));
    const [, parameters = "", intermediates] = /^([0-?]*)([ -/]*)$/.exec(sequence.slice(2, -1)) ?? [];
    // A parameter behind an intermediate: no sequence at all.
    if (intermediates === undefined) return;
    const clamped = clampParameters({ parameters, intermediates, final }, this.#size);
    const cost = costOfControl({ parameters: clamped, intermediates, final }, this.#size);
    this.#emit(`${ESC}[${clamped}${intermediates}${final}`, cost);
  }

  /** Within a string, up to what may end it. */
  #string(text: string, from: number): number {
    if (this.#isEnding) return this.#afterEscape(text, from);
    IN_STRING.lastIndex = from;
    const found = IN_STRING.exec(text);
    const end = found?.index ?? text.length;
    if (this.#kind === "string") {
      const room = MOST_STRING - this.#sequence.length;
      if (end - from > room) this.#isTooLong = true;
      this.#sequence += text.slice(from, Math.min(end, from + room));
    }
    if (!found) return end;
    const [character] = found;
    if (character === ESC) this.#isEnding = true;
    else if (character === "\u0018" || character === "\u001a") this.#kind = "text";
    else if (character === "\u0007" && this.#sequence.startsWith(`${ESC}]`)) this.#endString("\u0007");
    else if (character === "\u009c") this.#endString(STRING_END);
    else if (character >= "\u0080") {
      this.#endString(STRING_END);
      this.#controlCharacter(character);
    }
    return end + 1;
  }

  /** Behind an ESC in a string: a backslash belongs to its end, anything else to the next sequence. */
  #afterEscape(text: string, at: number): number {
    this.#endString(STRING_END);
    if (text[at] === "\\") return at + 1;
    this.#begin("escape", ESC);
    return at;
  }

  #endString(terminator: string): void {
    const sequence = this.#sequence;
    const isPassed = this.#kind === "string" && !this.#isTooLong;
    this.#kind = "text";
    this.#isEnding = false;
    if (!isPassed) return;
    if (sequence.startsWith(`${ESC}]`)) {
      for (const { text, cost } of commandsOf(sequence.slice(2))) this.#emit(`${ESC}]${text}${terminator}`, cost);
    } else if (DEVICE_CONTROL.test(sequence)) this.#emit(sequence + terminator, STRING_COST);
  }

  #emit(text: string, cost: number): void {
    this.#text += text;
    this.#cost += cost;
    if (this.#cost >= this.#mostCost) this.#cut();
  }

  #cut(): void {
    if (this.#text !== "") this.#pieces.push({ text: this.#text, cost: this.#cost });
    this.#text = "";
    this.#cost = 0;
  }
}
