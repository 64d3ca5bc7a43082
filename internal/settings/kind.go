package settings

// Kind says how the value of a key is written and asked for.
type Kind string

// The kinds of values.
const (
	KindText     Kind = "text"
	KindNumber   Kind = "number" // whole
	KindSwitch   Kind = "switch"
	KindList     Kind = "list"     // of texts
	KindSize     Kind = "size"     // text such as 10GB
	KindDuration Kind = "duration" // text such as 90s
	KindChoice   Kind = "choice"   // one of the key's choices
	KindPath     Kind = "path"     // of a file or a folder
	KindPaths    Kind = "paths"
	KindSecret   Kind = "secret" // text that is never shown
)

// Kinds lists them all.
func Kinds() []Kind {
	return []Kind{
		KindText, KindNumber, KindSwitch, KindList, KindSize, KindDuration, KindChoice, KindPath, KindPaths, KindSecret,
	}
}

// Origins lists where values come from, the weakest first.
func Origins() []Origin { return []Origin{FromDefault, FromFile, FromOverlay, FromEnv, FromFlag} }

// Lock says why a key cannot be changed; "" = it can.
type Lock string

// The locks.
const (
	LockDoor Lock = "door"        // it runs programs, opens doors or holds secrets: not over a connection
	LockEnv  Lock = "environment" // a variable wins over whatever is written
	LockFlag Lock = "flag"        // so does the command line
)

// Locks lists them all.
func Locks() []Lock { return []Lock{LockDoor, LockEnv, LockFlag} }

// kind is what a key's own type makes of it.
func (k Key) kind() Kind {
	switch f := k.field(&Settings{}).(type) {
	case numberField:
		return KindNumber
	case switchField:
		return KindSwitch
	case sizeField:
		return KindSize
	case durationField:
		return KindDuration
	case pathField:
		return KindPath
	case pathsField:
		return KindPaths
	case textsField:
		return KindList
	case textField:
		_ = f
	}
	switch {
	case k.Secret:
		return KindSecret
	case len(k.Choices) > 0:
		return KindChoice
	}
	return KindText
}

// bounds are the least and the most that a key takes; nil = it has none.
func (k Key) bounds() (least, most *float64) {
	between := func(a, b float64) (*float64, *float64) { return &a, &b }
	switch f := k.field(&Settings{}).(type) {
	case numberField:
		return between(float64(f.min), float64(f.max))
	case durationField:
		return between(f.min.Seconds(), f.max.Seconds())
	case sizeField:
		least := float64(f.min)
		if f.zero {
			least = 0
		}
		return &least, nil
	}
	return nil, nil
}
