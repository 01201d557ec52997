/** The loop that is measured: a Task that adds one and a Choice that asks whether that was enough. Ours in JSONata, the others' in JSONPath. */

import { StateMachine } from "aws-local-stepfunctions";
import { Clock } from "../../simulator/clock.ts";
import { Engine, type Json } from "../../simulator/interpreter/engine.ts";
import { makeRandom } from "../../simulator/random.ts";

/** Two states an iteration, and the one that ends it. */
export const transitionsOf = (iterations: number): number => 2 * iterations + 1;

const EVENTS_AN_ITERATION = 7;

const inJsonata = (iterations: number): Json => ({
  QueryLanguage: "JSONata",
  StartAt: "Work",
  States: {
    Work: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke",
      Arguments: { FunctionName: "work", Payload: { n: "{% $states.input.n %}" } },
      Output: "{% $states.result.Payload %}",
      Next: "More?",
    },
    "More?": {
      Type: "Choice",
      Choices: [{ Condition: `{% $states.input.n < ${iterations} %}`, Next: "Work" }],
      Default: "Done",
    },
    Done: { Type: "Succeed" },
  },
});

/** The same as the others understand it: they take the function's ARN as the resource, and the whole input as its payload. */
export const inJsonPath = (iterations: number) => ({
  StartAt: "Work",
  States: {
    Work: {
      Type: "Task" as const,
      Resource: "arn:aws:lambda:us-east-1:111111111111:function:work",
      Next: "More?",
    },
    "More?": {
      Type: "Choice" as const,
      Choices: [{ Variable: "$.n", NumericLessThan: iterations, Next: "Work" }],
      Default: "Done",
    },
    Done: { Type: "Succeed" as const },
  },
});

const next = async (payload: unknown): Promise<{ readonly n: number }> => ({
  n: (payload as { readonly n: number }).n + 1,
});

const mustHaveCounted = (output: unknown, iterations: number): void => {
  if ((output as { readonly n?: number } | undefined)?.n !== iterations)
    throw new Error(`The loop gave ${JSON.stringify(output)} and not ${iterations}.`);
};

/** One execution of our own, with its whole history kept. @returns transitions a second. */
export const ours = async (iterations: number): Promise<number> => {
  const clock = new Clock(0);
  const engine = new Engine({
    clock,
    random: makeRandom(1),
    machines: { loop: inJsonata(iterations) },
    invoke: ({ payload }) => next(payload),
    // 10,000 iterations write more than the service's 25,000 events.
    eventsMax: EVENTS_AN_ITERATION * iterations + 100,
  });
  const before = performance.now();
  const execution = engine.start({ machine: "loop", name: "measured", input: { n: 0 } });
  await clock.run(() => execution.status !== "RUNNING");
  const seconds = (performance.now() - before) / 1000;
  engine.check();
  mustHaveCounted(execution.output, iterations);
  return transitionsOf(iterations) / seconds;
};

/** One execution of aws-local-stepfunctions. @returns transitions a second. */
export const theirs = async (iterations: number): Promise<number> => {
  const machine = new StateMachine(inJsonPath(iterations));
  const before = performance.now();
  const { result } = machine.run(
    { n: 0 },
    { overrides: { taskResourceLocalHandlers: { Work: (input: unknown) => next(input) } } },
  );
  const output = await result;
  const seconds = (performance.now() - before) / 1000;
  mustHaveCounted(output, iterations);
  return transitionsOf(iterations) / seconds;
};
