import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { Terminal } from "@xterm/xterm";
import { words } from "#base/words.ts";
import type { GuestConsole } from "#protocol/tabvisor.ts";
import { oddKey } from "./odd-keys.ts";
import { OutputFilter } from "./output-filter.ts";
import { OutputPace } from "./output-pace.ts";
import { typedForPaste } from "./paste.ts";
import { TerminalAnswers } from "./terminal-answers.ts";
import { matchColours, terminalThemes } from "./terminal-theme.ts";

/** Output is parsed in pieces that cost as much as so many letters, about 3 ms each, so that the page stays free between them. */
const PIECE_COST = 16 * 1024;
const SCROLLBACK_LINES = 5000;
const ANSWERS_PER_SECOND = 64;
/** A pane that is smaller is about to vanish or to grow: wrapping the output so narrowly would mangle it. */
const SMALLEST = { columns: 10, rows: 2 };
/** With Ctrl+Shift these are the page's; a guest has no use for them that Ctrl+letter does not serve. */
const PAGE_KEYS = /^Key[CVFGHKLS]$/;
const FONT_FAMILY = '"JetBrains Mono Variable", "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace';

/** How terminals look at the moment. */
export interface TerminalLook {
  readonly theme: "light" | "dark";
  readonly fontSize: number;
}

/** What was found: which match is the active one, from 0, or -1; and how many there are. */
export interface Matches {
  readonly index: number;
  readonly count: number;
}

/**
 * One guest's terminal, alive from the guest's first byte to its end and independent of where, or whether, it is on the
 * screen. It tells the guest its size, gives back credit only for what has been parsed, and keeps the terminal's own answers
 * apart from what is typed.
 */
export class TerminalSession {
  readonly #terminal: Terminal;
  readonly #console: GuestConsole;
  readonly #refused: (reason: string) => void;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon({ highlightLimit: 1000 });
  readonly #element = document.createElement("div");
  readonly #detach: () => void;
  #name: string;
  #theme: TerminalLook["theme"];
  #answersInSecond = 0;
  #answersSecond = 0;
  readonly #pace = new OutputPace();
  readonly #filter = new OutputFilter(PIECE_COST);
  readonly #firstOutput = Promise.withResolvers<void>();

  /** `refused`: the guest could not be sent what was typed, and why, in words. */
  constructor(console: GuestConsole, name: string, look: TerminalLook, refused: (reason: string) => void) {
    this.#console = console;
    this.#refused = refused;
    this.#theme = look.theme;
    this.#name = name;
    this.#terminal = new Terminal({
      allowProposedApi: true,
      // A blinking cursor is drawn sixty times a second: an idle page would use more of a core than its guests.
      cursorBlink: false,
      fontFamily: FONT_FAMILY,
      fontSize: look.fontSize,
      lineHeight: 1.25,
      linkHandler: { activate: () => {} },
      logLevel: "off",
      scrollback: SCROLLBACK_LINES,
      cursorInactiveStyle: "outline",
      theme: terminalThemes[look.theme],
      minimumContrastRatio: 3,
    });
    this.#element.style.cssText = "width:100%;height:100%";
    this.#loadAddons();
    this.#listen();
    this.#sized(this.#terminal.cols, this.#terminal.rows);
    this.#detach = console.attach((bytes) => this.#print(bytes));
  }

  /** Shows the terminal inside `parent`; it leaves where it was. `fit` is to follow when the place has its size. */
  mount(parent: HTMLElement): void {
    parent.append(this.#element);
    if (this.#terminal.element) return;
    this.#terminal.open(this.#element);
    this.rename(this.#name);
  }

  /** Takes the terminal off the screen; it goes on reading. */
  unmount(): void {
    this.#element.remove();
  }

  /** Makes the grid as large as its parent allows, and tells the guest. */
  fit(): void {
    const size = this.#element.isConnected ? this.#fit.proposeDimensions() : undefined;
    if (!size || !(size.cols >= SMALLEST.columns) || !(size.rows >= SMALLEST.rows)) return;
    this.#fit.fit();
  }

  focus(): void {
    this.#terminal.focus();
  }

  look({ theme, fontSize }: TerminalLook): void {
    this.#theme = theme;
    this.#terminal.options.theme = terminalThemes[theme];
    if (this.#terminal.options.fontSize === fontSize) return;
    this.#terminal.options.fontSize = fontSize;
    this.fit();
  }

  /** What a screen reader calls it. */
  rename(name: string): void {
    this.#name = name;
    this.#terminal.textarea?.setAttribute("aria-label", `Console of ${name}`);
  }

  get selection(): string {
    return this.#terminal.getSelection();
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#terminal.cols, rows: this.#terminal.rows };
  }

  selectAll(): void {
    this.#terminal.selectAll();
  }

  /** Forgets the scrollback and all but the current line. */
  clear(): void {
    this.#terminal.clear();
  }

  paste(text: string): void {
    if (text === "") return;
    this.#terminal.scrollToBottom();
    this.#send(typedForPaste(text, this.#terminal.modes.bracketedPasteMode));
  }

  /** Copies the selection; resolves with false when there is none. */
  async copy(): Promise<boolean> {
    const text = this.selection;
    if (text === "") return false;
    await navigator.clipboard.writeText(text);
    return true;
  }

  /** Everything on the screen and in the scrollback, wrapped lines joined. */
  plainText(): string {
    const buffer = this.#terminal.buffer.active;
    const lines: string[] = [];
    for (let row = 0; row < buffer.length; row++) {
      const line = buffer.getLine(row);
      if (!line) continue;
      const text = line.translateToString(true);
      if (line.isWrapped) lines.push((lines.pop() ?? "") + text);
      else lines.push(text);
    }
    return lines.join("\n").trimEnd();
  }

  find(text: string, direction: "next" | "previous", incremental = false): void {
    const options = { incremental, decorations: matchColours[this.#theme] };
    if (direction === "next") this.#search.findNext(text, options);
    else this.#search.findPrevious(text, options);
  }

  endFind(): void {
    this.#search.clearDecorations();
    this.#terminal.clearSelection();
  }

  /** Resolves when the guest has printed something. */
  get firstOutput(): Promise<void> {
    return this.#firstOutput.promise;
  }

  onMatches(listener: (matches: Matches) => void): () => void {
    const { dispose } = this.#search.onDidChangeResults(({ resultIndex, resultCount }) =>
      listener({ index: resultIndex, count: resultCount }),
    );
    return dispose;
  }

  dispose(): void {
    this.#detach();
    this.#element.remove();
    this.#terminal.dispose();
  }

  #loadAddons(): void {
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(this.#search);
    this.#terminal.loadAddon(new Unicode11Addon());
    this.#terminal.unicode.activeVersion = "11";
  }

  #listen(): void {
    const answers = new TerminalAnswers(this.#terminal);
    this.#terminal.onData((data) => {
      if (answers.expected) this.#answer(data);
      else this.#send(data);
    });
    this.#terminal.onBinary((data) => {
      this.#send(Uint8Array.from(data, (character) => character.charCodeAt(0) & 0xff));
    });
    this.#terminal.onResize(({ cols, rows }) => this.#sized(cols, rows));
    this.#terminal.attachCustomKeyEventHandler((event) => this.#isForTerminal(event));
    this.#element.addEventListener("paste", (event) => this.#pasted(event), { capture: true });
  }

  /** A guest that takes nothing may have too much waiting already; an error here would end in xterm. */
  #send(typed: string | Uint8Array): void {
    try {
      if (typeof typed === "string") this.#console.send(typed);
      else this.#console.sendBytes(typed);
    } catch (error) {
      this.#refused(`${this.#name}: ${words(error)}`);
    }
  }

  #sized(columns: number, rows: number): void {
    this.#element.dataset["size"] = `${rows} ${columns}`;
    this.#console.resize(columns, rows);
  }

  /** A guest that asks without end must not fill its own input: a person's Ctrl+C would wait behind the answers. */
  #answer(data: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#answersSecond) [this.#answersSecond, this.#answersInSecond] = [second, 0];
    this.#answersInSecond++;
    if (this.#answersInSecond <= ANSWERS_PER_SECOND) this.#send(data);
  }

  #isForTerminal(event: KeyboardEvent): boolean {
    const odd = oddKey(event);
    if (odd) {
      event.preventDefault();
      if ("text" in odd) this.#send(odd.text);
      else this.#terminal.textarea?.dispatchEvent(odd.event);
      return false;
    }
    const isPages = event.ctrlKey && event.shiftKey && !event.altKey && PAGE_KEYS.test(event.code);
    if (!isPages) return true;
    if (event.type === "keydown" && event.code === "KeyC") {
      event.preventDefault();
      void this.copy();
    }
    return false;
  }

  #pasted(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    this.paste(event.clipboardData?.getData("text/plain") ?? "");
  }

  async #print(bytes: Uint8Array): Promise<void> {
    this.#firstOutput.resolve();
    for (const { text, cost } of this.#filter.pieces(bytes, this.size)) {
      await this.#pace.allow(cost);
      await new Promise<void>((parsed) => this.#terminal.write(text, parsed));
    }
  }
}
