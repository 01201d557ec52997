/** What a report is drawn from: the view model, the summary, and what the plan had promised. */

import type { Summary } from "../../domain/events.ts";
import type { Plan } from "../../domain/plan.ts";
import type { ViewModel } from "../../domain/view.ts";

export type ReportInput = {
  readonly model: ViewModel;
  readonly summary: Summary;
  /** For the price as planned and for what the plan says that it can't do or had to assume. */
  readonly plan?: Pick<Plan, "price" | "assumptions" | "limits"> &
    // For what DNS caches will do.
    Partial<Pick<Plan, "settings" | "hosts">>;
};
