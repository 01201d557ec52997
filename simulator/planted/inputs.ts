/** What the steps that bugs are planted in are called with. */

import type { Item, Run } from "../../functions/run.ts";

export type Scaling = {
  readonly run: Run;
  readonly item: Item;
  readonly side: "source" | "target";
  readonly replicas: number;
  readonly operation: string;
  readonly move: string;
};

export type Undoing = { readonly run: Run; readonly entry: readonly string[] };
