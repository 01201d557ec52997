/** What the checks, gates and waits before the freeze are good for. */

import { describe } from "vitest";
import { BEFORE } from "./before.ts";
import { shows } from "./nights.ts";

describe("left out before the freeze, it is missed", () => shows(BEFORE));
