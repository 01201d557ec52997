/** What is around Step Functions in a rehearsal: Slack with its people, the queue of votes, the app's secret; each by the triggers that the listeners declare. */

import type { Plan } from "../../domain/plan.ts";
import { TOP_MACHINES } from "../../functions/endings.ts";
import type { Listener, Trigger } from "../../functions/listener.ts";
import type { Clock } from "../clock.ts";
import type { WorldFaults } from "../faults/world.ts";
import type { Engine, Execution, HistoryEvent, Json } from "../interpreter/engine.ts";
import type { Random } from "../random.ts";
import { DEPLOYED, SLACK_APP, VOTES_QUEUE } from "../services/deployed.ts";
import { makeEvents } from "../services/events.ts";
import { makeSecrets, type SecretsService } from "../services/secrets.ts";
import { makeSlackService, type SlackService } from "../services/slack.ts";
import { makeSqs, type SqsService } from "../services/sqs.ts";
import { operatorFaults } from "./operators.ts";
import { type ApproveMode, makePeople, type People, type Quirk, type StuckPod } from "./people.ts";

/** Invokes a listener with its event. */
export type Listen = (name: string, event: unknown) => Promise<unknown>;

export type Around = {
  readonly slack: SlackService;
  readonly sqs: SqsService;
  readonly secrets: SecretsService;
  /** An execution writes history. */
  readonly saw: (execution: Execution, event: HistoryEvent) => void;
  /** An object was put into the bucket. */
  readonly sawPut: (key: string) => void;
  /** The faults of people, of the chat they use, of operators and of EventBridge. */
  readonly faults: WorldFaults;
};

export type AroundOptions = {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly random: Random;
  readonly approve: ApproveMode;
  readonly listeners: readonly Listener[];
  readonly listen: Listen;
  readonly engine: () => Engine;
  /** A person removes a pod that hangs, as a page has asked. */
  readonly removePod: (pod: StuckPod) => void;
  /** What the migration is started with. */
  readonly start: Json;
};

export const makeAround = (options: AroundOptions): Around => {
  const { plan, clock, random, approve, listeners, listen } = options;
  const door = declared(listeners, "http");
  const worker = declared(listeners, "queue");
  const slack = makeSlackService({ clock, app: SLACK_APP, onPost: (message) => people.sees(message) });
  const people = makePeople({
    clock,
    plan,
    mode: approve,
    app: SLACK_APP,
    slack,
    path: door.trigger.path,
    removePod: options.removePod,
    send: async (event) => {
      const { statusCode } = (await listen(door.name, event)) as { readonly statusCode: number };
      if (statusCode >= 500) throw new Error(`The endpoint answered ${statusCode}.`);
    },
  });
  const { batchMax, visibilitySeconds, receivesMax } = worker.trigger;
  const sqs = makeSqs(
    {
      name: VOTES_QUEUE,
      batchMax,
      visibilitySeconds,
      receivesMax,
      deliver: (event) => listen(worker.name, event),
    },
    { clock, random: random.fork("sqs") },
  );
  const attention = makeAttention(clock);
  const events = makeEvents({
    ...options,
    machineArn: DEPLOYED.machineArn,
    isWorthATick: attention.isNeeded,
  });
  return {
    slack,
    sqs,
    saw: (execution, event) => {
      events.saw(execution, event);
      if (attention.saw(execution, event)) events.nudge();
    },
    sawPut: (key) => {
      if (attention.sawPut(key)) events.nudge();
    },
    secrets: makeSecrets({ [DEPLOYED.slackSecretId]: JSON.stringify(SLACK_APP) }),
    faults: { ...peopleFaults(people, slack, sqs), ...operatorFaults({ ...options, events }) },
  };
};

/** For how long an ending that no machine has answered is looked after. */
const ANSWERED_MS = 30 * 60_000;

/** What the reconciler looks after: open questions, and endings that were not seen. Each says whether there is something new. */
const makeAttention = (clock: Clock) => {
  const open = new Set<string>();
  let until = 0;
  return {
    isNeeded: () => open.size > 0 || clock.now() < until,
    saw: ({ machine }: Execution, { type }: HistoryEvent): boolean => {
      if (!(TOP_MACHINES as readonly string[]).includes(machine)) return false;
      if (!/^Execution(Failed|Aborted|TimedOut)$/.test(type)) return false;
      until = clock.now() + ANSWERED_MS;
      return true;
    },
    sawPut: (key: string): boolean => {
      const [, question, kind] = /\/approvals\/([^/]+)\/(request|decision)\.json$/.exec(key) ?? [];
      if (question === undefined) return false;
      if (kind === "decision") open.delete(question);
      else open.add(question);
      return kind === "request";
    },
  };
};

type Of<K extends Trigger["kind"]> = Extract<Trigger, { readonly kind: K }>;

/** The listener of a kind of trigger of which there is one. */
const declared = <K extends Trigger["kind"]>(
  listeners: readonly Listener[],
  kind: K,
): { readonly name: string; readonly trigger: Of<K> } => {
  const found = listeners.filter((l) => l.trigger.kind === kind);
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`There are ${found.length} listeners of the kind ${kind}.`);
  return { name: only.name, trigger: only.trigger as Of<K> };
};

const peopleFaults = (people: People, slack: SlackService, sqs: SqsService): WorldFaults => {
  const quirk = (name: Quirk) => ({
    turn: (on: boolean, struck: () => void) => people.turn(name, on ? struck : undefined),
  });
  return {
    "approval-late": quirk("late"),
    "approval-never": quirk("never"),
    "approval-twice": {
      turn: (on, struck) => {
        people.turn("twice", on ? struck : undefined);
        // Queues deliver at least once, and now and then more often.
        if (on) sqs.repeatNext(2, struck);
      },
    },
    "approval-contradictory": quirk("contradictory"),
    "approval-by-nobody-entitled": quirk("nobody-entitled"),
    "slack-down": { turn: (on) => slack.setDown(on), feltBy: (call) => call.service === "slack" },
  };
};
