/** Whoever looks in at any moment sees a run: every prefix of its lines folds into the view, and time never runs back. */

import { makeView } from "../../domain/view.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

export const makeViews = (): Invariant<Scene> => {
  const view = makeView();
  let at = 0;
  return {
    name: "views",
    sentence: "Every prefix of the record folds into the view, and its time never runs back.",
    check: ({ fact }) => {
      const seen = fact();
      if (seen?.kind !== "event") return undefined;
      const { event } = seen;
      const before = at;
      at = event.at;
      try {
        view.add(event);
        // What is drawn, at each turn of a phase; folding alone would find no fault in the drawing.
        if (event.type === "phase") view.model();
      } catch (error) {
        return [
          `A line of type ${event.type} doesn't fold: ${error instanceof Error ? error.message : String(error)}`,
        ];
      }
      return event.at < before
        ? [`A line of type ${event.type} is of ${event.at} s, after one of ${before} s.`]
        : [];
    },
  };
};
