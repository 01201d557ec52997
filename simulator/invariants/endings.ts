/** The invariants that are asked once, when a run is over, in one list. */

import type { EndInvariant } from "./ending.ts";
import { equality } from "./equality.ts";
import { leftBehind } from "./left-behind.ts";
import { oldTtls } from "./old-ttls.ts";
import { released } from "./released.ts";
import { undo } from "./undo.ts";
import { undoTotal } from "./undo-total.ts";

export const ENDINGS: readonly EndInvariant[] = [undo, undoTotal, equality, oldTtls, released, leftBehind];
