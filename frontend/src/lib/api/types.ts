// The words of the API under the names the page uses. They come from the
// schema of the server; nothing is described twice.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Job = Schemas["Job"];
export type SubmittedJob = Schemas["SubmittedJob"];
export type Page = Schemas["Page"];
export type Progress = Schemas["Progress"];
export type StageRun = Schemas["StageRun"];
export type Warning = Schemas["Warning"];
export type Snapshot = Schemas["Snapshot"];
export type LiveEvent = Schemas["Event"];
export type EventKind = Schemas["EventKind"];
export type Gate = Schemas["Gate"];
export type GateState = Schemas["GateState"];
export type Reading = Schemas["Reading"];
export type Pressure = Schemas["Pressure"];
export type MachineNow = Schemas["MachineNow"];
export type Model = Schemas["Model"];
export type Download = Schemas["Download"];
export type Holder = Schemas["Holder"];
export type Sample = Schemas["Sample"];
export type Transcript = Schemas["Transcript"];
export type Segment = Schemas["Segment"];
export type Format = Schemas["Format"];
export type Dropped = Schemas["Dropped"];
export type Refused = Schemas["Refused"];
export type Upload = Schemas["Upload"];
export type State = Schemas["State"];
export type Stage = Schemas["Stage"];
export type Reason = Schemas["Reason"];
export type FaultCode = Schemas["Code"];
export type ProblemBody = Schemas["Problem"];
export type Found = Schemas["Found"];
export type Hit = Schemas["Hit"];
export type Notice = Schemas["Notice"];
export type NoticeCode = Schemas["NoticeCode"];
export type Diagnosis = Schemas["Diagnosis"];
export type Finding = Schemas["Finding"];
export type FindingLevel = Schemas["FindingLevel"];
export type Budget = Schemas["Budget"];
export type Known = Schemas["Known"];
