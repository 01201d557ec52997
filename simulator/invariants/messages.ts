/** No message is lost. */

import type { QueueWorld } from "../world/queues.ts";
import type { Invariant } from "./invariant.ts";

export type MessageWorld = { readonly queues: QueueWorld };

export const messages = (): Invariant<MessageWorld> => ({
  name: "messages",
  sentence: "No message is lost.",
  check: ({ queues }) =>
    queues.queues().length === 0
      ? undefined
      : // Without the number: a loss that grows is one breach.
        queues
          .losing()
          .map((name) => `${name} lost messages that nobody had read: its broker was stopped with them.`),
});
