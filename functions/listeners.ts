/** Every listener, a line each: the Lambda functions that no state machine calls. One that isn't listed here isn't deployed. */

import { answerEndingListener } from "./answer-ending.ts";
import type { Listener } from "./listener.ts";
import { receiveClick } from "./receive-click.ts";
import { reconcile } from "./reconcile.ts";
import { recordVote } from "./record-vote.ts";

const all = [receiveClick, recordVote, answerEndingListener, reconcile] as const;

export type ListenerName = (typeof all)[number]["name"];

export const listeners: readonly Listener[] = all as unknown as readonly Listener[];
