/** A metrics base that a test scripts, question by question: it takes apart what the adapter asks in one request, and answers as a vector. */

type Series = { readonly metric: Readonly<Record<string, string>>; readonly value: number };

const TOGETHER = /label_replace\((.*?), "repot_question", "(\d+)", "", ""\)(?: or |$)/gs;

/** @param series What one question is answered with. */
export const answerTo = (body: string, nowMs: number, series: (question: string) => readonly Series[]) => {
  const query = new URLSearchParams(body).get("query") ?? "";
  const several = [...query.matchAll(TOGETHER)];
  const found =
    several.length === 0
      ? series(query)
      : several.flatMap(([, text = "", number = ""]) =>
          series(text).map(({ metric, value }) => ({ metric: { ...metric, repot_question: number }, value })),
        );
  const result = found.map(({ metric, value }) => ({ metric, value: [nowMs / 1000, String(value)] }));
  return {
    status: 200,
    headers: {},
    body: JSON.stringify({ status: "success", data: { resultType: "vector", result } }),
  };
};
