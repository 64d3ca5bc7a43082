package pipeline

// Remarks is what a person should know of the text of spans.
var Remarks = remarks
