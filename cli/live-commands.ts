/** The commands that speak to a deployed Repot: their flags, as data. Each is loaded when it is called. */

import type { Command } from "commander";
import { BadInput } from "../domain/errors.ts";
import type { Io } from "./io.ts";
import type { Live, OpenLive } from "./live.ts";
import { quote } from "./options.ts";

type Flags = Readonly<Record<string, string | boolean | undefined>>;

const text = (flags: Flags, name: string): string | undefined => {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
};

const MIGRATION = /^[a-z0-9][a-z0-9-]{0,39}$/;
const STAGE = /^[a-z0-9-]{1,20}$/;

const migrationIn = (name: string): string => {
  if (MIGRATION.test(name)) return name;
  throw new BadInput(`${quote(name)} is no name of a migration: repot start prints it, as in shop-1a2b3c4d.`);
};

/** What the commands share. */
type Shared = {
  readonly io: Io;
  readonly command: (name: string, description: string) => Command;
  /** Opens AWS for a command and tells its exit code; what AWS refuses becomes a sentence. */
  readonly within: (flags: Flags, run: (live: Live) => Promise<number>) => Promise<void>;
};

/** @param open How the commands reach AWS; tests hand in their own. @param done Told the exit code. */
export const addLiveCommands = (
  program: Command,
  io: Io,
  done: (code: number) => void,
  open: OpenLive | undefined,
): void => {
  const shared: Shared = {
    io,
    command: (name, description) =>
      program
        .command(name)
        .description(description)
        .option("--stage <name>", "the stage that was deployed", "prod"),
    within: async (flags, run) => {
      const stage = text(flags, "stage") ?? "prod";
      if (!STAGE.test(stage)) throw new BadInput(`${quote(stage)} is no name of a stage.`);
      const { openLive, saying } = await import("./live.ts");
      done(await saying(async () => run(await (open ?? openLive)(stage, io))));
    },
  };
  addStart(shared);
  addLooking(shared);
  addAnswers(shared);
  addRollback(shared);
};

const addStart = ({ io, command, within }: Shared): void => {
  command(
    "start",
    "starts the migration of an approved plan, and follows it; Ctrl-C detaches and never aborts",
  )
    .argument("<plan>", "the plan.json that was approved")
    .requiredOption("--hash <sha256>", "the hash that the approvers know, at least twelve digits of it")
    .option(
      "--decommission",
      "starts the end of the source instead, after the days of baking; two people are asked",
    )
    .option("--detach", "returns once it runs")
    .option("--json", "one event a line")
    .action(async (plan: string, flags: Flags) => {
      const { start } = await import("./start.ts");
      const [detach, json] = [flags.detach === true, flags.json === true];
      const options = { plan, hash: text(flags, "hash") ?? "", decommission: flags["decommission"] === true };
      await within(flags, (live) => start({ ...options, detach, json }, io, live));
    });
};

const addLooking = ({ io, command, within }: Shared): void => {
  command("status", "says how a migration stands, and what it waits for")
    .argument("<migration>")
    .option("--json", "as JSON")
    .action(async (name: string, flags: Flags) => {
      const migration = migrationIn(name);
      const { status } = await import("./status.ts");
      await within(flags, (live) => status({ migration, json: flags.json === true }, io, live));
    });
  command("events", "prints a migration's record; with --follow until it ends")
    .argument("<migration>")
    .option("--follow", "goes on until it ends; Ctrl-C detaches and never aborts")
    .option("--json", "one event a line")
    .action(async (name: string, flags: Flags) => {
      const migration = migrationIn(name);
      const { events } = await import("./follow.ts");
      const [follow, json] = [flags.follow === true, flags.json === true];
      await within(flags, (live) => events({ migration, follow, json }, io, live));
    });
  command("report", "writes report.html and report.json of what is on record")
    .argument("<migration>")
    .option("--out <dir>", "where they go", "report")
    .action(async (name: string, flags: Flags) => {
      const migration = migrationIn(name);
      const { report } = await import("./follow.ts");
      await within(flags, (live) =>
        report({ migration, directory: text(flags, "out") ?? "report" }, io, live),
      );
    });
};

const ANSWERS = {
  approve: "grants what a migration asks for, as yourself",
  deny: "denies what a migration asks for; one person is enough",
} as const;

const addAnswers = ({ io, command, within }: Shared): void => {
  for (const answer of ["approve", "deny"] as const)
    command(answer, ANSWERS[answer])
      .argument("<migration>")
      .requiredOption("--plan <sha256>", "the plan's hash that you sign, at least twelve digits of it")
      .option("--question <id>", "which question, where several are open")
      .action(async (name: string, flags: Flags) => {
        const migration = migrationIn(name);
        const commands = await import("./answer.ts");
        const question = text(flags, "question");
        const options = { migration, plan: text(flags, "plan") ?? "", answer };
        await within(flags, (live) =>
          commands.answer({ ...options, ...(question === undefined ? {} : { question }) }, io, live),
        );
      });
};

const addRollback = ({ io, command, within }: Shared): void => {
  command("rollback", "takes a migration back, and follows that; or prints the commands to do it by hand")
    .argument("<migration>")
    .option("--print", "prints the exact aws and kubectl commands of this run, and changes nothing")
    .option("--detach", "returns once it runs")
    .option("--json", "one event a line")
    .action(async (name: string, flags: Flags) => {
      const migration = migrationIn(name);
      const { rollback } = await import("./rollback.ts");
      const [print, detach, json] = [flags.print === true, flags.detach === true, flags.json === true];
      await within(flags, (live) => rollback({ migration, print, detach, json }, io, live));
    });
};
