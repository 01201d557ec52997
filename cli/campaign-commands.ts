/** The commands around campaigns: their flags, as data. Each command is loaded when it is called. */

import type { Command } from "commander";
import { BadInput } from "../domain/errors.ts";
import { MODES, type Mode } from "../simulator/campaign/modes.ts";
import type { Io } from "./io.ts";
import { parseSeed, quote } from "./options.ts";

export type CampaignOptions = {
  /** Whichever is reached first ends the campaign; one of them is always there. */
  readonly runs?: number;
  readonly seconds?: number;
  /** How many threads run the cases; as many as there are processors where absent. */
  readonly threads?: number;
  readonly seed: number;
  /** What is rehearsed: a plan.json or manifests; the small platform that comes with Repot where absent. */
  readonly plan?: string;
  readonly keepGoing: boolean;
  /** Whether faults never end (safety), or all at once (liveness); as drawn where absent. */
  readonly mode?: Mode;
  /** Names of bugs that are planted in what is rehearsed. */
  readonly planted: readonly string[];
  /** Names of invariants that nobody watches. */
  readonly unwatched: readonly string[];
  /** Where broken cases are written. */
  readonly out: string;
  readonly json: boolean;
};

export type CaseOptions = {
  readonly file: string;
  readonly plan?: string;
  readonly json: boolean;
  /** Directory of the report; absent: none is written. */
  readonly report?: string;
  /** Where the smaller case goes; standard output where absent. */
  readonly output?: string;
};

const RUNS = 100;
const OUT = "report/campaign";

/** @param done Told the exit code. */
export const addCampaignCommands = (program: Command, io: Io, done: (code: number) => void): void => {
  program
    .command("campaign")
    .description(
      "rehearses again and again, with faults, until something breaks; then hands over the smallest case",
    )
    .option("--runs <n>", `how many runs (${RUNS})`)
    .option("--seconds <s>", "how long, by the clock on the wall")
    .option("--threads <n>", "how many threads run them; as many as there are processors")
    .option("--seed <n>", "what the faults are drawn from; the same seed gives the same runs", "1")
    .option(
      "--plan <file>",
      "a plan.json or manifests to rehearse, instead of the small platform that comes with Repot",
    )
    .option("--plant <bug>", "plants a known mistake; may be given again", repeat)
    .option("--without-invariant <name>", "nobody watches this invariant; may be given again", repeat)
    .option("--mode <mode>", "safety: faults never end; liveness: they end, and the run must end, too")
    .option(
      "--exhaustive",
      "each single fault at each effect, and a rollback at each phase and state; prints the table",
    )
    .option("--keep-going", "goes on after a broken run")
    .option("--out <dir>", "where broken cases are written", OUT)
    .option("--list", "prints the faults, planted bugs and invariants, as JSON")
    .option("--json", "one run a line on standard output; the last line is the summary")
    .action(async (flags: Flags) => {
      const { campaign, exhaustive, list } = await import("./campaign.ts");
      if (flags.list === true) return done(list(io));
      const options = campaignOptions(flags);
      done(await (flags.exhaustive === true ? exhaustive(options, io) : campaign(options, io)));
    });
  program
    .command("replay")
    .description("runs a case of a campaign again")
    .argument("<file>")
    .option("--plan <file>", "the plan.json or manifests that the campaign was given")
    .option("--report <dir>", "where report.html and report.json go")
    .option("--json", "one event a line on standard output; the last line is the summary")
    .action(async (file: string, flags: Flags) => {
      const { replay } = await import("./replay.ts");
      done(await replay(caseOptions(file, flags), io));
    });
  program
    .command("shrink")
    .description("makes a broken case as small as it gets")
    .argument("<file>")
    .option("--plan <file>", "the plan.json or manifests that the campaign was given")
    .option("-o, --output <file>", "where the smaller case goes (standard output)")
    .action(async (file: string, flags: Flags) => {
      const { shrink } = await import("./replay.ts");
      done(await shrink(caseOptions(file, flags), io));
    });
};

type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

const repeat = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const listOf = (flags: Flags, key: string): readonly string[] => {
  const value = flags[key];
  return Array.isArray(value) ? value : [];
};

const textOf = <K extends string>(flags: Flags, key: K): { readonly [P in K]?: string } => {
  const value = flags[key];
  return typeof value === "string" ? ({ [key]: value } as { readonly [P in K]?: string }) : {};
};

const parseMode = (text: string): Mode => {
  const mode = MODES.find((each) => each === text);
  if (mode === undefined) throw new BadInput(`--mode knows ${MODES.join(" and ")}, not ${quote(text)}.`);
  return mode;
};

const campaignOptions = (flags: Flags): CampaignOptions => {
  const { mode } = textOf(flags, "mode");
  const { runs, seconds, threads, seed, out } = {
    ...textOf(flags, "runs"),
    ...textOf(flags, "threads"),
    ...textOf(flags, "seconds"),
    ...textOf(flags, "seed"),
    ...textOf(flags, "out"),
  };
  const limits = {
    ...(runs === undefined ? {} : { runs: parseCount("--runs", runs) }),
    ...(seconds === undefined ? {} : { seconds: parseCount("--seconds", seconds) }),
  };
  return {
    ...(runs === undefined && seconds === undefined ? { runs: RUNS } : limits),
    ...(threads === undefined ? {} : { threads: parseCount("--threads", threads) }),
    seed: parseSeed(seed ?? "1"),
    ...textOf(flags, "plan"),
    keepGoing: flags["keepGoing"] === true,
    ...(mode === undefined ? {} : { mode: parseMode(mode) }),
    planted: listOf(flags, "plant"),
    unwatched: listOf(flags, "withoutInvariant"),
    out: out ?? OUT,
    json: flags["json"] === true,
  };
};

const caseOptions = (file: string, flags: Flags): CaseOptions => ({
  file,
  ...textOf(flags, "plan"),
  ...textOf(flags, "report"),
  ...textOf(flags, "output"),
  json: flags["json"] === true,
});

const parseCount = (flag: string, given: string): number => {
  const value = /^\d{1,7}$/.test(given) ? Number(given) : 0;
  if (value === 0) throw new BadInput(`${flag} takes a whole number above 0, not ${quote(given)}.`);
  return value;
};
