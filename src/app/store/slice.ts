/** Changes state by what `partial` says, or makes of the state before. */
type SetState<State> = (partial: Partial<State> | ((state: State) => Partial<State>)) => void;

/** Makes one part of the page's state, with what may happen to it; `Seen` is what it reads of other parts. */
export type Slice<Part, Seen = unknown> = (set: SetState<Part & Seen>) => Part;
