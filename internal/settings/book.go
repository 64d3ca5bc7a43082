package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sluice/internal/fault"
)

// Book is the settings of a Sluice that runs: what is in force, and what was
// written and waits for the next start. It writes the overlay and never the
// user's own file. It is safe for use by many.
type Book struct {
	options Options
	cfg     BookConfig

	change sync.Mutex // one writer at a time
	now    atomic.Pointer[Settings]
}

// BookConfig says whom a Book asks and tells; both may be nil.
type BookConfig struct {
	Check   func(*Settings) error // whether Sluice could start with these
	Changed func()                // after a change; it must not block
}

// NewBook opens the settings that this process has started with. The options
// are those they were loaded with.
func NewBook(now *Settings, o Options, cfg BookConfig) *Book {
	if cfg.Check == nil {
		cfg.Check = func(*Settings) error { return nil }
	}
	if cfg.Changed == nil {
		cfg.Changed = func() {}
	}
	b := &Book{options: o, cfg: cfg}
	b.now.Store(now)
	return b
}

// Now is what is in force. Nobody may change it.
func (b *Book) Now() *Settings { return b.now.Load() }

// Now is the settings themselves: those that do not change.
func (s *Settings) Now() *Settings { return s }

// Listing is all settings as they stand.
type Listing struct {
	Entries []Entry // in the order of the table
	File    string  // the user's own, for people: ~/...
	Overlay string
}

// Entry is one setting as it stands.
type Entry struct {
	Key
	Kind             Kind
	Value            json.RawMessage // what is written; none of a secret
	Default          json.RawMessage
	Sample           json.RawMessage // the key's example; none where the default shows the form
	Minimum, Maximum *float64        // bytes of a size, seconds of a duration
	Origin           Origin
	Detail           string // where it is written; "" = nowhere
	Set              bool   // it has a value at all
	Pending          bool   // it is written and not in force
}

// Lock says why the entry cannot be changed by a door; "" = it can. Trusted is
// the user at this machine.
func (e Entry) Lock(trusted bool) Lock {
	switch {
	case e.Origin == FromEnv:
		return LockEnv
	case e.Origin == FromFlag:
		return LockFlag
	case e.Locked && !trusted:
		return LockDoor
	}
	return ""
}

// List reads the files anew. While the user's own cannot be read, as it may be
// in the middle of an edit, it shows what is in force.
func (b *Book) List() Listing {
	now := b.Now()
	written, wrong, err := Salvage(b.options)
	if err != nil || len(wrong) > 0 {
		written = now
	}
	file := b.file()
	l := Listing{File: now.underHome(file), Overlay: now.underHome(overlay(file))}
	for _, k := range Keys() {
		l.Entries = append(l.Entries, entry(k, written, now))
	}
	return l
}

func entry(k Key, written, now *Settings) Entry {
	f, plain := k.field(written), k.field(&Settings{})
	_ = plain.set(loose(k.Default), "~")
	e := Entry{
		Key: k, Kind: k.kind(), Default: encode(plain),
		Origin: written.origins[k.Name], Detail: written.places[k.Name].String(),
		Set: f.text() != "", Pending: f.text() != k.field(now).text(),
	}
	e.Minimum, e.Maximum = k.bounds()
	if !k.Secret {
		e.Value = encode(f)
	}
	if k.Example != "" {
		sample := k.field(&Settings{})
		_ = sample.set(loose(k.Example), "~")
		e.Sample = encode(sample)
	}
	return e
}

func encode(f field) json.RawMessage {
	text, err := json.Marshal(f.bare())
	if err != nil { // of what is made of texts and numbers nothing fails
		return json.RawMessage("null")
	}
	return text
}

func (b *Book) file() string {
	if b.options.File != "" {
		return b.options.File
	}
	return b.Now().Dirs.File()
}

// underHome writes a path as people do.
func (s *Settings) underHome(path string) string {
	if rest, err := filepath.Rel(s.home, path); s.home != "" && err == nil && filepath.IsLocal(rest) {
		return "~/" + filepath.ToSlash(rest)
	}
	return path
}

// Wrong says which values of a change cannot be.
type Wrong struct {
	Keys []WrongKey // never empty, by name
}

// WrongKey is one of them.
type WrongKey struct {
	Key string
	Err error // a fault
}

// Error is what is wrong with the first.
func (w *Wrong) Error() string { return w.Keys[0].Err.Error() }

// Unwrap gives the fault of the first.
func (w *Wrong) Unwrap() error { return w.Keys[0].Err }

// Change writes values into the overlay, all or none, and brings into force
// what can be; null takes the overlay's value away. Text is understood as in
// the environment. Trusted is the user at this machine, to whom nothing is
// locked by its door. Faults: setting_locked; setting_invalid, as a *Wrong;
// disk_full.
func (b *Book) Change(_ context.Context, changes map[string]json.RawMessage, trusted bool) error {
	b.change.Lock()
	defer b.change.Unlock()
	if len(changes) == 0 {
		return nil
	}
	body, err := b.draft(changes, trusted)
	if err != nil {
		return err
	}
	o := b.options
	o.overlay = body
	written, err := Load(o)
	if err == nil {
		err = b.cfg.Check(written)
	}
	if err != nil {
		return blame(err, changes)
	}
	if err := replace(overlay(b.file()), body); err != nil {
		return err
	}
	b.now.Store(inForce(written, b.Now()))
	b.cfg.Changed()
	return nil
}

// draft is the overlay with the changes in it.
func (b *Book) draft(changes map[string]json.RawMessage, trusted bool) ([]byte, error) {
	now := map[string]Entry{}
	for _, e := range b.List().Entries {
		now[e.Name] = e
	}
	var wrong Wrong
	set := map[string]any{}
	for _, key := range sortedKeys(changes) {
		e, ok := now[key]
		if !ok {
			wrong.Keys = append(wrong.Keys, WrongKey{key, unknown(place{what: "The change"}, key, Keys())})
			continue
		}
		if lock := e.Lock(trusted); lock != "" {
			return nil, locked(e, lock)
		}
		v, err := b.bare(e.Key, changes[key])
		if err != nil {
			wrong.Keys = append(wrong.Keys, WrongKey{key, err})
			continue
		}
		set[key] = v
	}
	if len(wrong.Keys) > 0 {
		return nil, &wrong
	}
	return edited(overlay(b.file()), set)
}

// bare is a value of a change as the overlay writes it; nil = none.
func (b *Book) bare(k Key, text json.RawMessage) (any, error) {
	var v any
	if err := json.Unmarshal(text, &v); err != nil || v == nil {
		return nil, nil //nolint:nilnil,nilerr // null; the door has read the JSON before
	}
	given := typed(v)
	switch n := v.(type) {
	case string:
		given = loose(n)
	case float64:
		given = value{form: formNumber, text: strings.TrimSpace(string(text))}
	}
	f := k.field(&Settings{})
	if err := f.set(given, b.Now().home); err != nil {
		return nil, fault.New(fault.SettingInvalid, fmt.Sprintf("%s %s.", k.Name, err), nil).
			WithHint("Write it like this: %s.", k.example())
	}
	return f.bare(), nil
}

func locked(e Entry, why Lock) error {
	f := fault.New(fault.SettingLocked, e.Name+" cannot be changed here.", nil)
	switch why {
	case LockEnv:
		return f.WithHint("The environment variable %s sets it: change it there and start Sluice again.", e.Env())
	case LockFlag:
		return f.WithHint("The command line sets it: start Sluice without that.")
	case LockDoor:
		return f.WithHint("Set it in settings.toml or in the app's own window.")
	}
	return f
}

// blame finds the key that a rule of the whole is broken by.
func blame(err error, changes map[string]json.RawMessage) error {
	f := fault.From(err)
	if f.Kind == fault.KindInternal {
		return err
	}
	keys := sortedKeys(changes)
	at := keys[0]
	for _, key := range keys {
		if strings.HasPrefix(f.Say, key) {
			at = key
		}
	}
	return &Wrong{Keys: []WrongKey{{at, f}}}
}

// inForce is what was written, but for what only a start brings.
func inForce(written, now *Settings) *Settings {
	for _, k := range Keys() {
		if !k.Live {
			_ = k.field(written).set(loose(k.field(now).text()), written.home) // it was right before
		}
	}
	written.Notes = now.Notes
	return written
}

func sortedKeys(changes map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(changes))
	for key := range changes {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
