/** What the gates and waits of the cut, of its way back and of the end are good for. */

import { describe } from "vitest";
import { CUTTING } from "./cutting.ts";
import { shows } from "./nights.ts";

describe("left out of the cut and what follows, it is missed", () => shows(CUTTING));
