package install

// ExecLine writes a command for a desktop entry.
func ExecLine(args []string) string { return execLine(args) }

// ExecArgs reads one.
func ExecArgs(line string) ([]string, error) { return execArgs(line) }
