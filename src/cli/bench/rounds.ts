import { requireAgreement, type Row } from "./report.ts";
import type { Measured, Side } from "./side.ts";
import type { Boot, Work } from "./work.ts";

interface RoundOptions {
  readonly rounds: number;
  readonly say: (text: string) => void;
}

/** A row that is being filled. */
interface OpenRow<T> {
  readonly subject: T;
  readonly bySide: Record<string, Measured[]>;
}

/** Lets every side do every subject once a round, one side after the other, so that all of them have the same weather. */
async function inRounds<T extends { readonly name: string; readonly what: string }>(
  sides: readonly Side[],
  subjects: readonly T[],
  { rounds, say }: RoundOptions,
  measure: (side: Side, subject: T, round: number) => Promise<Measured | undefined>,
  check: (row: OpenRow<T>) => void = () => {},
): Promise<readonly OpenRow<T>[]> {
  const rows = subjects.map((subject): OpenRow<T> => ({ subject, bySide: {} }));
  for (let round = 0; round < rounds; round++) {
    for (const row of rows) {
      const { subject, bySide } = row;
      for (const side of sides.filter((each) => each.excuse(subject.name) === undefined)) {
        const measured = await measure(side, subject, round);
        if (!measured) continue;
        say(`round ${round + 1}: ${subject.name}, ${side.name}: ${measured.seconds.toFixed(3)} s`);
        (bySide[side.name] ??= []).push(measured);
      }
      check(row);
    }
  }
  return rows;
}

function finish(
  sides: readonly Side[],
  rows: readonly OpenRow<{ readonly name: string; readonly what: string }>[],
): Row[] {
  return rows.map(({ subject: { name, what }, bySide }) => {
    const excuses: Record<string, string> = {};
    for (const side of sides) {
      const excuse = side.excuse(name);
      if (excuse !== undefined) excuses[side.name] = excuse;
    }
    return { name, what, bySide, excuses };
  });
}

/** Boots each machine by itself; those that take long sit every other round out. */
export async function measureBoots(
  sides: readonly Side[],
  boots: readonly Boot[],
  options: RoundOptions,
): Promise<readonly Row[]> {
  const rows = await inRounds(sides, boots, options, async (side, { commandLine }, round) => {
    if (side.bootsSlowly && round % 2 === 1) return undefined;
    const measured = await side.boot(commandLine);
    await side.close();
    return measured;
  });
  return finish(sides, rows);
}

/** Has every machine up at once and gives them the works in turn. Throws where they disagree about a result. */
export async function measureWorks(
  sides: readonly Side[],
  works: readonly Work[],
  options: RoundOptions,
): Promise<readonly Row[]> {
  if (works.length === 0) return [];
  for (const side of sides) {
    options.say(`starting: ${side.name}`);
    await side.start(works.filter(({ name }) => side.excuse(name) === undefined));
  }
  const check = ({ subject, bySide }: OpenRow<Work>): void => requireAgreement(subject, bySide, sides);
  const rows = await inRounds(sides, works, options, (side, work) => side.measure(work), check);
  return finish(sides, rows);
}
