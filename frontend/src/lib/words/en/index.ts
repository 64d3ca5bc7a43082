import { address } from "./address";
import { catalog } from "./catalog";
import { common } from "./common";
import { deliveries } from "./deliveries";
import { doctor } from "./doctor";
import { faults } from "./faults";
import { first } from "./first";
import { frame } from "./frame";
import { job } from "./job";
import { later } from "./later";
import { library } from "./library";
import { machine } from "./machine";
import { models } from "./models";
import { notices } from "./notices";
import { past } from "./past";
import { ollama } from "./ollama";
import { options } from "./options";
import { queue } from "./queue";
import { reading } from "./reading";
import { reasons } from "./reasons";
import { settings } from "./settings";
import { summary } from "./summary";

export const en = {
  address,
  catalog,
  common,
  deliveries,
  doctor,
  faults,
  first,
  frame,
  job,
  later,
  library,
  machine,
  models,
  notices,
  past,
  ollama,
  options,
  queue,
  reading,
  reasons,
  settings,
  summary,
};
