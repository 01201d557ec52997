/** What a distributed Map hands on: the outputs of its children, or where ResultWriter has put them in S3. */

import type { StateDef } from "./definition.ts";
import { StatesError } from "./errors.ts";
import { describeRun } from "./nested.ts";
import type { Run } from "./run.ts";
import type { Thread } from "./thread.ts";
import { type Json, Payload } from "./types.ts";
import { callService } from "./work.ts";

type Fields = { readonly [field: string]: Json | undefined };
type Transformation = "NONE" | "COMPACT" | "FLATTEN";
const record = (value: Json | undefined): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** Failed children are described in full whatever the transformation (developer guide, "ResultWriter (Map)"). */
const transformed = (runs: readonly Run[], transformation: Transformation): Json[] =>
  runs.flatMap((run) => {
    if (transformation === "NONE" || run.status !== "SUCCEEDED") return [describeRun(run, false)];
    const { output } = run;
    return transformation === "FLATTEN" && Array.isArray(output)
      ? [...(output as readonly Json[])]
      : [output ?? null];
  });

/**
 * @param mapRunArn Its last part names the folder of the files.
 * @returns The Map's result. Rejects with States.ResultWriterFailed.
 */
export const mapResult = async (
  thread: Thread,
  state: StateDef,
  mapRunArn: string,
  runs: readonly Run[],
): Promise<Payload> => {
  const writer = record(state.raw["ResultWriter"]);
  const config = record(writer["WriterConfig"]);
  const exports = writer["Resource"] !== undefined;
  const transformation = (config["Transformation"] ?? (exports ? "NONE" : "COMPACT")) as Transformation;
  if (!exports) return new Payload(transformed(runs, transformation));
  const template = state.fields["ResultWriter/Arguments"];
  const { Bucket: bucket = "", Prefix: prefix } = record(
    template ? await thread.evaluate(template, thread.bindings()) : {},
  );
  const folder = `${prefix ? `${String(prefix).replace(/\/$/, "")}/` : ""}${mapRunArn.split(":").at(-1)}`;
  const lines = config["OutputType"] === "JSONL";
  const put = async (name: string, body: string) => {
    const args = { Bucket: bucket, Key: `${folder}/${name}`, Body: body };
    try {
      await callService(thread, String(writer["Resource"]), args);
    } catch (problem) {
      if (!(problem instanceof StatesError)) throw problem;
      throw new StatesError("States.ResultWriterFailed", `${problem.error ?? ""}: ${problem.reason ?? ""}`);
    }
    return { Key: args.Key, Size: Buffer.byteLength(body, "utf8") };
  };
  const files = async (kind: "FAILED" | "PENDING" | "SUCCEEDED", of: readonly Run[]) => {
    if (of.length === 0) return [];
    const results = transformed(of, transformation);
    const body = lines ? results.map((result) => JSON.stringify(result)).join("\n") : JSON.stringify(results);
    return [await put(`${kind}_0.${lines ? "jsonl" : "json"}`, body)];
  };
  const done = runs.filter((run) => run.status === "SUCCEEDED");
  const ResultFiles = {
    FAILED: await files(
      "FAILED",
      runs.filter((run) => run.status !== "SUCCEEDED"),
    ),
    PENDING: [],
    SUCCEEDED: await files("SUCCEEDED", done),
  };
  const manifest = { DestinationBucket: bucket, MapRunArn: mapRunArn, ResultFiles };
  const { Key } = await put("manifest.json", JSON.stringify(manifest));
  return new Payload({ MapRunArn: mapRunArn, ResultWriterDetails: { Bucket: bucket, Key } });
};
