/** The command line: what reaches a command, and how each kind of end is told. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { main } from "../../cli/main.ts";
import type { PlanOptions, RehearseOptions } from "../../cli/options.ts";
import { BadInput, Refused } from "../../domain/errors.ts";
import { paperIo } from "./io.ts";

const rehearse = vi.fn<(options: RehearseOptions) => Promise<number>>();
const plan = vi.fn<(options: PlanOptions) => Promise<number>>();
const load = { plan: async () => ({ plan }), rehearse: async () => ({ rehearse }) };

beforeEach(() => {
  rehearse.mockReset();
  rehearse.mockResolvedValue(0);
});

const run = async (line: string, debug = false) => {
  const io = paperIo();
  const code = await main(line.split(" ").filter(Boolean), io, { debug, load });
  return { code, stdout: io.stdout(), stderr: io.stderr() };
};

const given = (): RehearseOptions => {
  const options = rehearse.mock.calls[0]?.[0];
  if (options === undefined) throw new Error("rehearse was not called");
  return options;
};

describe("rehearse gets its options", () => {
  test("with nothing said: seed 1, approvals granted, a report", async () => {
    expect((await run("rehearse plan.json")).code).toBe(0);
    expect(given()).toEqual({
      inputs: ["plan.json"],
      decide: {},
      seed: 1,
      faults: [],
      listFaults: false,
      approve: "auto",
      json: false,
      report: "report",
    });
  });

  test("with everything said", async () => {
    await run(
      "rehearse a.yaml b --decide shop/cache=rebuild --decide=db=keep-on-source --decide-all rebuild --seed 7 --fault throttled@pin-autoscaler --fault timeout-though-applied@scale-workload:count=3 --fault metrics-missing@watch-gates:seconds=600 --roll-back-at cut-traffic --approve deny --json --dump d",
    );
    expect(given()).toEqual({
      inputs: ["a.yaml", "b"],
      decide: { "shop/cache": "rebuild", db: "keep-on-source" },
      decideAll: "rebuild",
      seed: 7,
      faults: [
        { kind: "throttled", step: "pin-autoscaler" },
        { kind: "timeout-though-applied", step: "scale-workload", count: 3 },
        { kind: "metrics-missing", step: "watch-gates", seconds: 600 },
      ],
      listFaults: false,
      rollBackAt: "cut-traffic",
      approve: "deny",
      json: true,
      dump: "d",
    });
  });

  test("with --json a report is written only where it was asked for", async () => {
    await run("rehearse p --json --report r");
    expect(given().report).toBe("r");
  });

  test("--list-faults needs no input", async () => {
    expect((await run("rehearse --list-faults")).code).toBe(0);
    expect(given()).toMatchObject({ inputs: [], listFaults: true });
  });

  test("its exit code is the command's", async () => {
    rehearse.mockResolvedValue(5);
    expect((await run("rehearse p")).code).toBe(5);
  });
});

test("plan gets its options", async () => {
  plan.mockResolvedValue(7);
  const { code } = await run("plan a.yaml - -o plan.json --decide shop/db=rebuild");
  expect(code).toBe(7);
  expect(plan.mock.calls[0]?.[0]).toEqual({
    inputs: ["a.yaml", "-"],
    output: "plan.json",
    decide: { "shop/db": "rebuild" },
  });
});

describe("what can't be understood is exit 2, in a sentence, and no command runs", () => {
  test.each([
    ["", /Usage: repot/],
    ["rehaerse p", /unknown command/],
    ["rehearse p --bogus", /unknown option '--bogus'/],
    ["rehearse", /needs a plan\.json or manifests/],
    ["rehearse p --seed", /argument missing/],
    ["rehearse p --seed x", /--seed takes a whole number/],
    ["rehearse p --seed -1", /--seed takes a whole number/],
    ["rehearse p --seed 4294967296", /--seed takes a whole number/],
    ["rehearse p --seed 1e3", /--seed takes a whole number/],
    ["rehearse p --fault throttled", /--fault takes KIND@STEP/],
    ["rehearse p --fault @x", /--fault takes KIND@STEP/],
    ["rehearse p --fault a@b:count=0", /--fault takes KIND@STEP/],
    ["rehearse p --fault a@b:times=2", /--fault takes KIND@STEP/],
    ["rehearse p --roll-back-at lunch", /--roll-back-at knows preflight, /],
    ["rehearse p --approve maybe", /--approve knows auto, never, deny/],
    ["rehearse p --decide cache", /--decide takes NAME=X/],
    ["rehearse p --decide cache=burn", /--decide cache knows keep-on-source/],
    ["rehearse p --decide c=rebuild --decide c=keep-on-source", /says two things about c/],
    ["rehearse p --decide-all burn", /--decide-all knows/],
    ["machines no-such", /There is no state machine "no-such"/],
  ])("repot %s", async (line, sentence) => {
    const { code, stdout, stderr } = await run(line);
    expect(code).toBe(2);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/ {4}at /);
    expect(stdout).toBe("");
    expect(rehearse).not.toHaveBeenCalled();
  });

  test("what was typed is quoted without its control characters", async () => {
    const io = paperIo();
    await main(["rehearse", "p", "--seed", "\u001b[31mred"], io, { load });
    expect(io.stderr()).not.toContain("\u001b");
  });
});

describe("each error has its exit code", () => {
  const missing = Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT", path: "plan.json" });
  test.each([
    [new BadInput("plan.json, line 3: no kind."), 2, "repot: plan.json, line 3: no kind.\n"],
    [new Refused("shop/db needs a decision."), 7, "repot: shop/db needs a decision.\n"],
    [
      new Refused("a needs a decision.\nb needs one."),
      7,
      "repot: a needs a decision.\nrepot: b needs one.\n",
    ],
    [new BadInput("no \u001b[2J such file"), 2, "repot: no \ufffd[2J such file\n"],
    [missing, 2, "repot: plan.json isn't there.\n"],
  ])("%s", async (error, expected, sentence) => {
    rehearse.mockRejectedValue(error);
    const { code, stderr } = await run("rehearse p");
    expect([code, stderr]).toEqual([expected, sentence]);
  });

  test("an unexpected one is one line, with its stack only where that was asked for", async () => {
    rehearse.mockRejectedValue(new TypeError("x is not\na function"));
    const quiet = await run("rehearse p");
    expect(quiet.code).toBe(1);
    expect(quiet.stderr).toMatch(/^repot: x is not a function \(unexpected.*\)\n$/);
    expect((await run("rehearse p", true)).stderr).toMatch(/\n {4}at /);
  });

  test("a rollback at decommission is refused", async () => {
    const { code, stderr } = await run("rehearse p --roll-back-at decommission");
    expect(code).toBe(7);
    expect(stderr).toMatch(/nothing left to go back to/);
  });
});

test("help is data and no error", async () => {
  const { code, stdout, stderr } = await run("rehearse --help");
  expect(code).toBe(0);
  expect(stdout).toMatch(/--roll-back-at <phase>/);
  expect(stderr).toBe("");
});
