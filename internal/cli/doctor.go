package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

func (c *console) doctor() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that this machine has what jobs need",
		Long: `Looks at everything that jobs need - the tools, the models, the folders, the
memory - and says of each whether it is well, and what to do if not. Below it
says what memory the models take and whether this machine can give it; those
marked with * are used when a job names none. It needs no server.

The exit code is 1 when something will keep jobs from running.`,
		Example: `  sluice doctor
  sluice doctor --json`,
		Args: noArgs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		if c.cmds.Doctor == nil {
			return notBuiltIn()
		}
		d, err := c.cmds.Doctor(cmd.Context())
		if err != nil {
			return err
		}
		show := c.printDiagnosis
		if asJSON {
			show = c.printDiagnosisJSON
		}
		if err := show(d); err != nil {
			return err
		}
		if slices.ContainsFunc(d.Findings, func(f job.Finding) bool { return f.Level == job.FindingFail }) {
			return errSaid
		}
		return nil
	})
	return cmd
}

// printDiagnosis shows a diagnosis for people.
func (c *console) printDiagnosis(d job.Diagnosis) error {
	width := 0
	if c.OutTerminal {
		width = c.Width
	}
	p := &printer{w: c.Out}
	tableWithin(p, findingRows(d.Findings), width)
	if len(d.Budget) > 0 {
		p.line("")
		tableWithin(p, budgetRows(d.Budget), width)
	}
	return p.err
}

// findingRows has a row for each finding, and one for what to do about it.
func findingRows(findings []job.Finding) [][]string {
	rows := make([][]string, 0, len(findings))
	for _, f := range findings {
		rows = append(rows, []string{clean(string(f.Level)), clean(f.Name), clean(f.Text)})
		if f.Hint != "" && f.Level != job.FindingOK {
			rows = append(rows, []string{"", "", "hint: " + clean(f.Hint)})
		}
	}
	return rows
}

// budgetRows has a row for what each model takes, below their heads. The column
// of contexts is there when a model has one.
func budgetRows(budget []job.Budget) [][]string {
	contexts := slices.ContainsFunc(budget, func(b job.Budget) bool { return b.Context > 0 })
	row := func(stage, model, tokens string, rest ...string) []string {
		if contexts {
			rest = slices.Insert(rest, 0, tokens)
		}
		return slices.Insert(rest, 0, stage, model)
	}
	rows := [][]string{row("STAGE", "MODEL", "CONTEXT", "MEMORY", "KNOWN FROM", "FITS", "NOTE")}
	for _, b := range budget {
		model, tokens, from, fits := clean(b.Model), "-", "-", "no"
		if b.Chosen {
			model += " *"
		}
		if b.Context > 0 {
			tokens = strconv.Itoa(b.Context)
		}
		switch {
		case b.Need <= 0 && b.Fits: // it is tried
			fits = "-"
		case b.Fits:
			fits = "yes"
		}
		if b.Need > 0 {
			from = clean(string(b.From))
		}
		rows = append(rows, row(clean(string(b.Stage)), model, tokens, size(b.Need), from, fits, clean(b.Text)))
	}
	return rows
}

func (c *console) printDiagnosisJSON(d job.Diagnosis) error {
	// Lists are never null.
	d.Findings, d.Budget = append([]job.Finding{}, d.Findings...), append([]job.Budget{}, d.Budget...)
	body, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	return c.printRaw(body)
}
