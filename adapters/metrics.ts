/**
 * Questions to a metrics base (Prometheus, VictoriaMetrics) in PromQL over HTTP. No answer, NaN and an empty vector are "missing",
 * never zero; a value whose newest sample is old is marked stale. What is asked of one side at the same moment goes in one request.
 */

import * as z from "zod";
import { AnswerLost, Forbidden, Invalid, NotFound, Throttled, Transient } from "../domain/errors.ts";
import type { Side } from "../domain/phases.ts";
import type { Exchange, HttpResponse } from "./http.ts";

export type Measurement = {
  readonly value: number;
  /** Requests or scrapes behind the value, where they were asked for. */
  readonly samples?: number;
  /** ISO 8601: the newest scrape where it was asked for, else the time of the evaluation. */
  readonly observedAt: string;
  /** Whether the newest scrape is older than allowed. */
  readonly stale: boolean;
};

/** What to ask: the value, and on request what says how many samples stand behind it and how old they are. */
export type Question = {
  readonly value: string;
  readonly samples?: string;
  /** A query for the Unix time, in seconds, of the newest sample. */
  readonly newest?: string;
  readonly staleAfterSeconds?: number;
};

export type Metrics = {
  /** One number for one query. @throws Invalid where the query is refused; Transient and its kinds where asking again may help. */
  readonly query: (side: Side, text: string) => Promise<Measurement | "missing">;
  /** Numbers by one label's value, NaN left out; "missing" where none is left. */
  readonly queryBy: (
    side: Side,
    text: string,
    label: string,
  ) => Promise<Readonly<Record<string, number>> | "missing">;
  /** Every series with its labels, NaN left out; "missing" where none is left. */
  readonly queryAll: (
    side: Side,
    text: string,
  ) => Promise<
    readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[] | "missing"
  >;
  /** A value with its samples and its age. */
  readonly measure: (side: Side, question: Question) => Promise<Measurement | "missing">;
};

const Sample = z.tuple([z.number(), z.string()]);
const Answer = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: z.discriminatedUnion("resultType", [
      z.object({
        resultType: z.literal("vector"),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: Sample })),
      }),
      z.object({ resultType: z.literal("scalar"), result: Sample }),
    ]),
  }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);

type Point = {
  readonly labels: Readonly<Record<string, string>>;
  readonly at: number;
  readonly value: number;
};

/** @param context Where the metrics of both sides are, the way out, and the time. */
export const makeMetrics = (context: {
  readonly http: Exchange;
  readonly endpoints: { readonly metrics: { readonly [S in Side]: string } };
  readonly now: () => Date;
}): Metrics => {
  const askAtOnce = {
    source: together((text) => answerTo(context, "source", text)),
    target: together((text) => answerTo(context, "target", text)),
  };
  const ask = async (side: Side, text: string): Promise<readonly Point[]> =>
    (await askAtOnce[side](text)).filter((p) => Number.isFinite(p.value));
  const query: Metrics["query"] = async (side, text) => {
    const points = await ask(side, text);
    if (points.length > 1)
      throw new Invalid(`The query ${text} gave ${points.length} series where one was wanted.`);
    const point = points[0];
    if (!point) return "missing";
    return { value: point.value, observedAt: new Date(point.at * 1000).toISOString(), stale: false };
  };
  return {
    query,
    queryBy: async (side, text, label) => {
      const points = await ask(side, text);
      if (points.length === 0) return "missing";
      return Object.fromEntries(points.map((p) => [p.labels[label] ?? "", p.value]));
    },
    queryAll: async (side, text) => {
      const points = await ask(side, text);
      return points.length === 0 ? "missing" : points.map(({ labels, value }) => ({ labels, value }));
    },
    measure: async (side, question) => {
      const [measured, samples, newest] = await Promise.all([
        query(side, question.value),
        question.samples === undefined ? undefined : query(side, question.samples),
        question.newest === undefined ? undefined : query(side, question.newest),
      ]);
      if (measured === "missing") return "missing";
      if (newest === "missing") return { ...measured, samples: 0, stale: true };
      const ageSeconds = newest === undefined ? 0 : context.now().getTime() / 1000 - newest.value;
      return {
        value: measured.value,
        ...(samples === undefined ? {} : { samples: samples === "missing" ? 0 : Math.floor(samples.value) }),
        observedAt: newest === undefined ? measured.observedAt : new Date(newest.value * 1000).toISOString(),
        stale: ageSeconds > (question.staleAfterSeconds ?? Number.POSITIVE_INFINITY),
      };
    },
  };
};

/** So many questions go in one request: a base bounds the length of a query and the samples that it may load. */
const TOGETHER_MAX = 10;
/** The label by which the answers to several questions are told apart. */
const QUESTION = "repot_question";

type Ask = (text: string) => Promise<readonly Point[]>;
type Group = {
  readonly texts: Set<string>;
  readonly answers: Promise<ReadonlyMap<string, readonly Point[]>>;
};

/** Asks what comes within one turn in one request; equal texts are asked once. */
const together = (ask: Ask): Ask => {
  let open: Group | undefined;
  const opened = (): Group => {
    const texts = new Set<string>();
    const answers = Promise.resolve().then(() => {
      if (open?.texts === texts) open = undefined;
      return askAll(ask, [...texts]);
    });
    return { texts, answers };
  };
  return async (text) => {
    if (!open || open.texts.size >= TOGETHER_MAX) open = opened();
    const group = open;
    group.texts.add(text);
    return (await group.answers).get(text) ?? ask(text);
  };
};

/**
 * The answers by question: each question's series get a label with its number, and `or` puts them side by side. Where the base refuses the whole, there is
 * none, and whoever asked asks alone: a bad question spoils no other, and its refusal names it.
 */
const askAll = async (ask: Ask, texts: readonly string[]): Promise<ReadonlyMap<string, readonly Point[]>> => {
  const [first] = texts;
  if (first !== undefined && texts.length === 1) return new Map([[first, await ask(first)]]);
  const answers = new Map<string, Point[]>(texts.map((text) => [text, []]));
  try {
    const points = await ask(
      texts.map((text, i) => `label_replace(${text}, "${QUESTION}", "${i}", "", "")`).join(" or "),
    );
    for (const { labels: all, ...point } of points) {
      const { [QUESTION]: number = "", ...labels } = all;
      answers.get(texts[Number(number)] ?? "")?.push({ ...point, labels });
    }
    return answers;
  } catch (error) {
    if (error instanceof Invalid) return new Map();
    throw error;
  }
};

const answerTo = async (
  context: Parameters<typeof makeMetrics>[0],
  side: Side,
  text: string,
): Promise<readonly Point[]> => pointsOf(await exchange(context, side, text), text);

const exchange = async (
  context: Parameters<typeof makeMetrics>[0],
  side: Side,
  text: string,
): Promise<HttpResponse> => {
  const base = context.endpoints.metrics[side].replace(/\/+$/, "");
  try {
    return await context.http({
      method: "POST",
      url: `${base}/api/v1/query`,
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: new URLSearchParams({ query: text }).toString(),
    });
  } catch (cause) {
    if (cause instanceof Transient) throw cause;
    throw new AnswerLost(`The metrics of the ${side} cluster at ${base} gave no answer.`, { cause });
  }
};

const pointsOf = (response: HttpResponse, text: string): readonly Point[] => {
  const answer = parse(response.body);
  if (response.status !== 200 || answer?.status !== "success") throw refusal(response, answer, text);
  const { data } = answer;
  return data.resultType === "scalar"
    ? [pointOf({}, data.result)]
    : data.result.map((r) => pointOf(r.metric, r.value));
};

const pointOf = (labels: Readonly<Record<string, string>>, [at, value]: [number, string]): Point => ({
  labels,
  at,
  value:
    value === "+Inf" ? Number.POSITIVE_INFINITY : value === "-Inf" ? Number.NEGATIVE_INFINITY : Number(value),
});

const parse = (body: string): z.infer<typeof Answer> | undefined => {
  try {
    return Answer.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
};

/** The domain's error for an answer that is none: what was asked, and what came back. */
const refusal = (response: HttpResponse, answer: z.infer<typeof Answer> | undefined, text: string): Error => {
  const said = answer?.status === "error" ? answer.error : response.body.slice(0, 200);
  const sentence = `The metrics base answered ${response.status} to ${text}: ${said}`;
  switch (response.status) {
    case 400:
    case 422:
      return new Invalid(sentence);
    case 401:
    case 403:
      return new Forbidden(sentence);
    case 404:
      return new NotFound(sentence);
    case 429:
      return new Throttled(sentence);
    default:
      return new Transient(sentence);
  }
};
