/**
 * The command line: what the commands are called, what they take, and how an end is told to a person and to a shell.
 * Each command is imported only when it is asked for, so that `--help` is quick.
 */

import { availableParallelism } from "node:os";
import { Command, CommanderError } from "commander";
import { BadInput, Refused } from "../domain/errors.ts";
import { addCampaignCommands } from "./campaign-commands.ts";
import { printable } from "./format.ts";
import { boundHeap } from "./heap.ts";
import type { Io, Screen } from "./io.ts";
import type { OpenLive } from "./live.ts";
import { addLiveCommands } from "./live-commands.ts";
import {
  type PlanOptions,
  parseApprove,
  parseDecisions,
  parseFault,
  parseRollBackAt,
  parseSeed,
  type RehearseOptions,
} from "./options.ts";

/** Exit codes; docs/reference/exit-codes.md tells them to people. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  gateRefused: 3,
  rolledBack: 4,
  waiting: 5,
  violated: 6,
  refused: 7,
  rollbackIncomplete: 8,
  interrupted: 130,
} as const;

/** The commands, each loaded when it is called. */
export type Load = {
  readonly plan: () => Promise<{ readonly plan: (options: PlanOptions, io: Io) => Promise<number> }>;
  readonly rehearse: () => Promise<{
    readonly rehearse: (options: RehearseOptions, io: Io) => Promise<number>;
  }>;
  /** How the commands of a deployed Repot reach AWS; by the environment where absent. */
  readonly live?: OpenLive;
};
const LOAD: Load = { plan: () => import("./plan.ts"), rehearse: () => import("./rehearse.ts") };

/** Runs one command. @returns its exit code; every error has been told on `io.err`. */
export const main = async (
  argv: readonly string[],
  io: Io,
  { debug = false, load = LOAD }: { readonly debug?: boolean; readonly load?: Load } = {},
): Promise<number> => {
  let code: number = EXIT.done;
  const program = commands(io, load, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return tell(error, io, debug);
  }
};

const repeat = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Every command with its options; what runs is decided by `load`. */
export const commands = (io: Io, load: Load, done: (code: number) => void): Command => {
  const program = new Command("repot")
    .description("Moves a live platform onto Amazon EKS without one failed request, and rehearses it first.")
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError("Try repot --help.");
  decisions(
    program
      .command("plan")
      .description("reads manifests (files, directories, - for standard input) and writes the plan")
      .argument("<manifests...>")
      .option("-o, --output <file>", "where the plan goes (standard output)"),
  ).action(async (inputs, flags) => {
    const { plan } = await load.plan();
    done(await plan(planOptions(inputs, flags), io));
  });
  rehearsal(program).action(async (inputs, flags) => {
    const options = rehearseOptions(inputs, flags);
    const { rehearse } = await load.rehearse();
    done(await rehearse(options, io));
  });
  program
    .command("machines")
    .description("prints the state machines as Amazon States Language, all or one")
    .argument("[name]")
    .option("--asl <dir>", "writes each as NAME.asl.json (Workflow Studio opens it)")
    .option("--mermaid", "draws them as Mermaid flowcharts; with --asl, as NAME.mmd beside")
    .action(async (name: string | undefined, flags: Flags) => {
      const { machines } = await import("./machines.ts");
      const options = { ...given("name", name), ...given("asl", text(flags, "asl")) };
      done(await machines({ ...options, mermaid: flags.mermaid === true }, io));
    });
  program
    .command("dns")
    .description(
      "says when a cut is safe, who still asks the old servers after it, and what going back costs",
    )
    .argument("<plan...>", "a plan.json, or manifests")
    .option(
      "--record <file>",
      "what repot rehearse --json printed: what was observed goes before what was planned",
    )
    .option("--json", "the figures as JSON")
    .action(async (inputs, flags) => {
      const { dns } = await import("./dns.ts");
      const record = text(flags, "record");
      done(await dns({ inputs, json: flags.json === true, ...given("record", record) }, io));
    });
  addConformance(program, io, done);
  addPermissions(program, io, done);
  addCampaignCommands(program, io, done);
  addLiveCommands(program, io, done, load.live);
  return program;
};

const addConformance = (program: Command, io: Io, done: (code: number) => void): void => {
  program
    .command("conformance")
    .description("holds the interpreter against executions that the real service recorded")
    .argument("<file>")
    .action(async (file) => {
      const { conformance } = await import("./conformance.ts");
      const line = (print: (text: string) => void) => (words: string) => print(`${words}\n`);
      done(
        await conformance(
          file,
          line(io.out),
          line((words) => io.err(`repot: ${words}`)),
        ),
      );
    });
};

const addPermissions = (program: Command, io: Io, done: (code: number) => void): void => {
  program
    .command("permissions")
    .description("says who may do what: IAM and RBAC of each function and machine, for a security review")
    .argument("[plan...]", "a plan.json, or manifests: names the kinds, namespaces and zones")
    .option("--json", "everything as JSON")
    .option("--manifests <dir>", "writes the RBAC of both clusters, and the access entries")
    .option("--stage <name>", "the stage that names begin with", "prod")
    .option("--account <id>", "the account in ARNs", "ACCOUNT")
    .option("--region <name>", "the region in ARNs", "REGION")
    .action(async (inputs: readonly string[], flags: Flags) => {
      const { permissions } = await import("./permissions.ts");
      const { stage = "prod", account = "ACCOUNT", region = "REGION" } = flags as Record<string, string>;
      const names = { stage, account, region, ...given("manifests", text(flags, "manifests")) };
      done(await permissions({ inputs, json: flags.json === true, ...names }, io));
    });
};

const decisions = (command: Command): Command =>
  command
    .option("--decide <name=x>", "a decision for one workload; may be given again", repeat)
    .option("--decide-all <x>", "a decision wherever it is offered");

const rehearsal = (program: Command): Command =>
  decisions(
    program
      .command("rehearse")
      .description("rehearses a migration, of a plan.json or of manifests, in a simulated world")
      .argument("[plan or manifests...]"),
  )
    .option("--seed <n>", "what chance is made of; the same seed gives the same run", "1")
    .option(
      "--fault <kind@step>",
      "breaks something; :count=N, :seconds=N, :skip=N; may be given again",
      repeat,
    )
    .option("--list-faults", "prints the faults and where they can strike, as JSON")
    .option("--plant <bug>", "plants a known mistake (repot campaign --list); may be given again", repeat)
    .option("--without <step>", "leaves out a wait, drain, check or gate; may be given again", repeat)
    .option("--roll-back-at <phase>", "asks for the rollback after the last effect of a phase")
    .option("--approve <how>", "what the approvers do: auto, never or deny", "auto")
    .option("--json", "one event a line on standard output; the last line is the summary")
    .option("--report <dir>", "where report.html and report.json go (report, or none with --json)")
    .option("--dump <dir>", "writes the objects of both clusters, before and after, as YAML");

type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

const text = (flags: Flags, name: string): string | undefined => {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
};
const list = (flags: Flags, name: string): readonly string[] => {
  const value = flags[name];
  return Array.isArray(value) ? value : [];
};
const some = (names: readonly string[]) => (names.length === 0 ? undefined : names);
const given = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });

const planOptions = (inputs: readonly string[], flags: Flags): PlanOptions => ({
  inputs,
  ...given("output", text(flags, "output")),
  ...parseDecisions(list(flags, "decide"), text(flags, "decideAll")),
});

const rehearseOptions = (inputs: readonly string[], flags: Flags): RehearseOptions => {
  const json = flags.json === true;
  const listFaults = flags.listFaults === true;
  if (inputs.length === 0 && !listFaults)
    throw new BadInput(
      "rehearse needs a plan.json or manifests to rehearse, as in: repot rehearse plan.json",
    );
  const rollBackAt = text(flags, "rollBackAt");
  return {
    inputs,
    ...parseDecisions(list(flags, "decide"), text(flags, "decideAll")),
    seed: parseSeed(text(flags, "seed") ?? "1"),
    faults: list(flags, "fault").map(parseFault),
    listFaults,
    ...given("planted", some(list(flags, "plant"))),
    ...given("without", some(list(flags, "without"))),
    ...given("rollBackAt", rollBackAt === undefined ? undefined : parseRollBackAt(rollBackAt)),
    approve: parseApprove(text(flags, "approve") ?? "auto"),
    json,
    ...given("report", text(flags, "report") ?? (json ? undefined : "report")),
    ...given("dump", text(flags, "dump")),
  };
};

/** Says what went wrong, in a sentence, and with which code to end. */
const tell = (error: unknown, io: Io, debug: boolean): number => {
  // Commander has printed its own sentence by now; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof BadInput) return say(io, error.message, EXIT.usage);
  if (error instanceof Refused) return say(io, error.message, EXIT.refused);
  if (isFileError(error)) return say(io, fileSentence(error), EXIT.usage);
  const message = error instanceof Error ? error.message : String(error);
  say(io, `${oneLine(message)} (unexpected: a defect of Repot; REPOT_DEBUG=1 shows where)`, EXIT.unexpected);
  if (debug && error instanceof Error) io.err(`${error.stack ?? ""}\n`);
  return EXIT.unexpected;
};

/** A message of several lines (one for each open decision, say) names Repot on each. */
const say = (io: Io, message: string, code: number): number => {
  for (const line of message.split("\n")) io.err(`repot: ${printable(line)}\n`);
  return code;
};

const oneLine = (message: string): string => message.replace(/\s+/g, " ").trim();

type FileError = Error & { readonly code: string; readonly path: string };

const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "isn't there",
  EACCES: "may not be opened",
  EPERM: "may not be opened",
  EISDIR: "is a directory, not a file",
  ENOTDIR: "is a file, not a directory",
  EROFS: "is on a disk that can't be written",
  ENOSPC: "doesn't fit on the disk",
};

const isFileError = (error: unknown): error is FileError =>
  error instanceof Error &&
  "code" in error &&
  "path" in error &&
  typeof error.code === "string" &&
  Object.hasOwn(FILE_PROBLEMS, error.code);

const fileSentence = (error: FileError): string =>
  `${error.path} ${FILE_PROBLEMS[error.code] ?? error.code}.`;

const INPUT_BYTES_MAX = 256 * 1024 * 1024;

const readStdin = async (): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > INPUT_BYTES_MAX) throw new BadInput("Standard input is larger than 256 MB.");
  }
  return Buffer.concat(chunks);
};

const screen = (stream: NodeJS.WriteStream): Screen => ({
  isTty: stream.isTTY === true && process.env.TERM !== "dumb",
  color: stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb",
  columns: stream.columns ?? 100,
});

/** Standard output in pieces of this size: a write for each of a hundred thousand lines takes longer than a run. */
const CHUNK_CHARS = 65_536;
/** And at least so often: who follows a run through a pipe sees a line when it is written. */
const FLUSH_MS = 200;

/** Runs the process's own arguments; leaves the code where the shell finds it, and lets the streams drain. */
export const start = async (): Promise<void> => {
  boundHeap();
  const showCursor = () => {
    if (process.stderr.isTTY === true) process.stderr.write("\u001b[?25h");
  };
  let onInterrupt: (() => void) | undefined;
  process.on("SIGINT", () => {
    showCursor();
    const act = onInterrupt;
    onInterrupt = undefined;
    if (act) act();
    else process.exit(EXIT.interrupted);
  });
  // Who reads us has gone (`| head`): nobody is left to tell anything to.
  process.stdout.on("error", () => process.exit(EXIT.interrupted));
  let pending = "";
  let soon: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(soon);
    soon = undefined;
    if (pending !== "") process.stdout.write(pending);
    pending = "";
  };
  const io: Io = {
    out: (chunk) => {
      pending += chunk;
      if (pending.length >= CHUNK_CHARS) flush();
      soon ??= setTimeout(flush, FLUSH_MS).unref();
    },
    err: (chunk) => process.stderr.write(chunk),
    stdin: readStdin,
    terminal: { out: screen(process.stdout), err: screen(process.stderr) },
    wallMs: () => performance.now(),
    processors: availableParallelism(),
    onInterrupt: (act) => {
      onInterrupt = act;
    },
  };
  process.exitCode = await main(process.argv.slice(2), io, { debug: Boolean(process.env.REPOT_DEBUG) });
  flush();
};
