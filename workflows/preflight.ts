/** Weeks before, and again just before the start: everything that could go wrong is checked, then the TTLs are lowered and waited out. */

import { call, each, otherwise, REFAIL, RESULT, stateMachine, type Task, watch } from "./asl.ts";

const CHECKS = [
  "check-dns",
  "check-kubernetes",
  "check-runtime",
  "check-network",
  "check-identity",
  "check-data",
  "check-kafka",
  "check-metrics",
  "check-pipelines",
  "check-permissions",
] as const;

/** Input: run, poll. Read-only but for the TTLs. Undo: the old TTLs. */
export const preflight = stateMachine("preflight", {
  Comment:
    "A check that could not run is unknown, and unknown is not a pass. A failed check refuses before anything is changed.",
  TimeoutSeconds: 1_209_600,
  StartAt: "Take the input",
  States: {
    "Take the input": {
      Type: "Pass",
      Assign: { run: "{% $states.input.run %}", poll: "{% $states.input.poll %}", rounds: 0 },
      Next: "Check everything",
    },
    "Check everything": {
      Type: "Parallel",
      Branches: CHECKS.map((check) => ({
        StartAt: check,
        States: {
          [check]: call(check, { run: "{% $run %}", round: "{% $rounds %}" }, { Output: RESULT, End: true }),
        } as Record<string, Task<string>>,
      })),
      Assign: { verdicts: "{% $states.result %}", rounds: "{% $rounds + 1 %}" },
      Next: "What did they say?",
      Catch: otherwise("Failed"),
    },
    "What did they say?": {
      Type: "Choice",
      Choices: [
        { Condition: "{% 'fail' in $verdicts.verdict %}", Next: "Refused" },
        {
          Condition:
            "{% $count($verdicts[verdict = 'pass']) = $count($verdicts) and $count($verdicts) > 0 %}",
          Next: "Remember the start",
        },
        { Condition: "{% $rounds < 5 %}", Next: "Wait for data" },
      ],
      Default: "Not enough is known",
    },
    "Wait for data": { Type: "Wait", Seconds: 300, Next: "Check everything" },
    "Remember the start": call(
      "record-start",
      { run: "{% $run %}" },
      { Next: "Lower the TTLs", Catch: otherwise("Failed") },
    ),
    "Lower the TTLs": each("lower-ttls", "zone", {
      Next: "How long do the old ones live?",
      Catch: otherwise("Failed"),
    }),
    "How long do the old ones live?": call(
      "measure-old-ttls",
      { run: "{% $run %}" },
      { Assign: { lowered: RESULT }, Next: "Old TTLs run out", Catch: otherwise("Failed") },
    ),
    "Old TTLs run out": { Type: "Wait", Seconds: "{% $lowered.waitSeconds %}", Next: "Ask every server" },
    "Ask every server": watch("observe-ttls", "preflight", "zone", {
      Next: "Ready to build",
      Catch: otherwise("Failed"),
    }),
    "Ready to build": { Type: "Succeed", Output: { phase: "preflight" } },
    Refused: {
      Type: "Fail",
      Error: "PreflightRefused",
      Cause: "{% $join($verdicts[verdict = 'fail'].sentence, ' ') %}",
    },
    "Not enough is known": {
      Type: "Fail",
      Error: "GateRefused",
      Cause: "{% $join($verdicts[verdict = 'unknown'].sentence, ' ') %}",
    },
    Failed: REFAIL,
  },
});
