import type { en } from "../en";
import { common } from "./common";
import { faults } from "./faults";
import { frame } from "./frame";
import { job } from "./job";
import { library } from "./library";
import { machine } from "./machine";
import { notices } from "./notices";
import { queue } from "./queue";
import { reasons } from "./reasons";
import { settings } from "./settings";

export const ko = {
  common,
  faults,
  frame,
  job,
  library,
  machine,
  notices,
  queue,
  reasons,
  settings,
} satisfies typeof en;
