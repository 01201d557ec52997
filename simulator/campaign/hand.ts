/** A thread of a campaign's crew: takes a case, runs it on the platform that it was made with, and answers with the verdict. */

import { parentPort, workerData } from "node:worker_threads";
import type { Platform } from "./case.ts";
import type { Answered, Asked } from "./crew.ts";
import { runCase } from "./run.ts";

const port = parentPort;
if (!port) throw new Error("hand.ts is a thread of a campaign and nothing by itself.");
port.on("message", async ({ tried }: Asked) => {
  const answered: Answered = { verdict: await runCase(workerData as Platform, tried) };
  port.postMessage(answered);
});
