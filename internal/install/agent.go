package install

import (
	"errors"

	"howett.net/plist"
)

// agentLabel is our name for launchd: that of the app's bundle.
const agentLabel = "io.github.sluice-app.Sluice"

// launchAgent is how a Mac starts a program: by a property list that launchd
// reads at each login.
type launchAgent struct{}

// agent is what we write into it.
type agent struct {
	Label            string
	ProgramArguments []string
	RunAtLoad        bool
	// It has a window, so it is for logins with a screen only.
	LimitLoadToSessionType string
	// The name and icon to show in System Settings, instead of those of 'open'.
	AssociatedBundleIdentifiers []string `plist:",omitempty"`
	ProcessType                 string
}

func (launchAgent) opened(p program) string {
	if p.bundle != "" {
		return p.bundle
	}
	return p.path
}

func (a launchAgent) write(p program) ([]byte, error) {
	opened := a.opened(p)
	if !plain(opened) {
		return nil, errors.New("the path does not fit into XML")
	}
	entry := agent{
		Label: agentLabel, RunAtLoad: true, LimitLoadToSessionType: "Aqua", ProcessType: "Interactive",
		ProgramArguments: append([]string{opened}, hidden()...),
	}
	if p.bundle != "" {
		// An app that is opened is one to the system: it has its icon, its rights
		// and its place among those that run, which a bare process has not.
		entry.ProgramArguments = append([]string{opener, "-g", "-a", opened, "--args"}, hidden()...)
		entry.AssociatedBundleIdentifiers = []string{agentLabel}
	}
	return plist.MarshalIndent(entry, plist.XMLFormat, "\t")
}

const opener = "/usr/bin/open"

func (launchAgent) read(text []byte) (path string, off bool, err error) {
	var entry struct {
		Program          string
		ProgramArguments []string
		RunAtLoad        bool
		Disabled         bool
	}
	if _, err := plist.Unmarshal(text, &entry); err != nil {
		return "", false, err
	}
	args := entry.ProgramArguments
	switch {
	case entry.Program != "":
		path = entry.Program
	case len(args) == 0:
		return "", false, errors.New("it starts nothing")
	case args[0] != opener:
		path = args[0]
	default:
		path = openedBy(args)
	}
	return path, entry.Disabled || !entry.RunAtLoad, nil
}

// openedBy is the app that open is told to open; "" when it is none.
func openedBy(args []string) string {
	for i, arg := range args {
		switch {
		case arg == "--args":
			return ""
		case arg == "-a" && i+1 < len(args):
			return args[i+1]
		}
	}
	return ""
}
