package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

func (c *console) desktop() *cobra.Command {
	var hidden bool
	cmd := &cobra.Command{
		Use:   "desktop [FILE...]",
		Short: "Open the window and put files and folders into the line",
		Long: `Opens Sluice with its window and its icon in the menu bar; plain 'sluice' does
the same. Files and folders that are named are put into the line, as if they
had been dropped on the window.

When Sluice runs already, its window comes to the front and gets the files.
When it runs without a window, its page is opened in the browser.`,
		Example: `  sluice desktop
  sluice desktop ~/Movies/interview.mp4
  sluice desktop --hidden`,
		Hidden: c.cmds.Desktop == nil,
	}
	cmd.Flags().BoolVar(&hidden, "hidden", false, "start with the icon alone; the window opens from there")
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		if c.cmds.Desktop == nil {
			return notBuiltIn()
		}
		files := make([]string, len(args))
		for i, f := range args {
			if err := isFile(f); err != nil {
				return err
			}
			var err error
			if files[i], err = filepath.Abs(f); err != nil {
				return fmt.Errorf("find %s: %w", f, err)
			}
		}
		return c.open(cmd, DesktopOptions{Hidden: hidden, Files: files})
	})
	return cmd
}

func (c *console) open(cmd *cobra.Command, o DesktopOptions) error {
	o.Note = func(text string) { c.note("%s", clean(text)) }
	return c.cmds.Desktop(cmd.Context(), o)
}
