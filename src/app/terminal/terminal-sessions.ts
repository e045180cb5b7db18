import type { Tabvisor } from "#protocol/tabvisor.ts";
import { type TerminalLook, TerminalSession } from "./terminal-session.ts";

/** Every guest's terminal, by the guest's id. They are no part of the store: they hold bytes and elements. */
export class TerminalSessions {
  readonly #tabvisor: Tabvisor;
  readonly #sessions = new Map<string, TerminalSession>();
  readonly #refused: (reason: string) => void;
  #look: TerminalLook;

  /** `refused`: the guest could not be sent what was typed, and why, in words. */
  constructor(tabvisor: Tabvisor, look: TerminalLook, refused: (reason: string) => void) {
    this.#tabvisor = tabvisor;
    this.#look = look;
    this.#refused = refused;
  }

  /** The guest's terminal, made at first need; undefined when there is no such guest. */
  of(guestId: string): TerminalSession | undefined {
    const session = this.#sessions.get(guestId);
    if (session) return session;
    const guest = this.#tabvisor.guests().find(({ id }) => id === guestId);
    if (!guest) return undefined;
    const made = new TerminalSession(guest.console, guest.name, this.#look, this.#refused);
    this.#sessions.set(guestId, made);
    return made;
  }

  look(look: TerminalLook): void {
    this.#look = look;
    for (const session of this.#sessions.values()) session.look(look);
  }

  /** Drops the terminal of a guest that is no more. */
  forget(guestId: string): void {
    this.#sessions.get(guestId)?.dispose();
    this.#sessions.delete(guestId);
  }
}
