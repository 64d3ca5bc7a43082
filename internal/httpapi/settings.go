package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/settings"
)

// Setting is one key of the settings.
type Setting struct {
	Key     string          `json:"key" doc:"As in settings.toml" example:"speech.beam_size"`
	Doc     string          `json:"doc" doc:"What it is for, in English" example:"Guesses that are followed at the same time: 1 is fastest, 5 is best."`
	Kind    settings.Kind   `json:"kind"`
	Value   SettingValue    `json:"value" doc:"What is set: a number for a number, true or false for a switch, a list of texts for a list or paths, and text for all else; null of a secret"`
	Default SettingValue    `json:"default" doc:"What it is when nobody sets it"`
	Example SettingValue    `json:"example,omitempty" doc:"A value that shows the form, where the default does not"`
	Choices []string        `json:"choices,omitempty" nullable:"false" doc:"What it, or each of its list, can be"`
	Minimum *float64        `json:"minimum,omitempty" doc:"Of a number, of a size in bytes, of a duration in seconds"`
	Maximum *float64        `json:"maximum,omitempty" doc:"Of the same"`
	Origin  settings.Origin `json:"origin"`
	Detail  string          `json:"origin_detail,omitempty" doc:"Where exactly: the file and the line, the variable" example:"settings.toml, line 12"`
	Locked  bool            `json:"locked" doc:"It cannot be changed through this door"`
	Why     settings.Lock   `json:"locked_why,omitempty"`
	Secret  bool            `json:"secret" doc:"It can be written and never read"`
	Set     bool            `json:"set" doc:"It has a value at all: the only thing to know of a secret"`
	Restart bool            `json:"restart" doc:"A change takes effect with the next start"`
	Pending bool            `json:"pending" doc:"What is written here is not in force before the next start"`
	Env     string          `json:"env" doc:"The environment variable that wins over the files" example:"SLUICE_SPEECH_BEAM_SIZE"`
}

// SettingList is all settings.
type SettingList struct {
	Settings []Setting `json:"settings" nullable:"false" doc:"In the order of settings.toml"`
	File     string    `json:"file" doc:"The user's own settings file, which Sluice never writes to" example:"~/.config/sluice/settings.toml"`
	Overlay  string    `json:"overlay" doc:"The file beside it that changes are written to" example:"~/.config/sluice/settings.ui.toml"`
}

// SettingChanges is what is to be set.
type SettingChanges struct {
	Changes map[string]SettingValue `json:"changes" doc:"Values by key; null takes back what was set here"`
}

// SettingValue is a value of any kind.
type SettingValue json.RawMessage

// Schema implements huma.SchemaProvider.
func (SettingValue) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Nullable: true}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean},
		{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}},
	}}
}

// MarshalJSON gives the value as it is.
func (v SettingValue) MarshalJSON() ([]byte, error) {
	if len(v) == 0 {
		return []byte("null"), nil
	}
	return v, nil
}

// UnmarshalJSON takes the value as it is.
func (v *SettingValue) UnmarshalJSON(text []byte) error {
	*v = slices.Clone(text)
	return nil
}

func (a *api) settingRoutes() {
	register(a, huma.Operation{
		OperationID: "list-settings", Method: http.MethodGet, Path: "/api/v1/settings", Tags: []string{"server"},
		Summary: "List the settings",
		Description: "Every key with its value, where that comes from, and whether it can be changed here. The files are read anew, " +
			"so that what was written into them by hand is seen too, as pending.",
		Responses: example(exampleSettings()),
	}, func(ctx context.Context, _ *struct{}) (*output[SettingList], error) {
		return &output[SettingList]{a.settingList(ctx)}, nil
	})
	register(a, huma.Operation{
		OperationID: "change-settings", Method: http.MethodPut, Path: "/api/v1/settings", Tags: []string{"server"},
		Summary: "Change settings",
		Description: "All of the changes or none. They are written to the overlay beside the user's settings.toml and take effect at once " +
			"where restart is false. Settings that run programs, open doors, name folders or hold secrets are not changed over a " +
			"connection, and neither are those that the environment or the command line sets: `setting_locked`. A wrong value is " +
			"`setting_invalid`, with the key in fields.",
		Errors: []int{403, 422, 507}, Responses: example(exampleSettings()),
	}, func(ctx context.Context, in *struct{ Body SettingChanges }) (*output[SettingList], error) {
		changes := make(map[string]json.RawMessage, len(in.Body.Changes))
		for key, v := range in.Body.Changes {
			changes[key] = json.RawMessage(v)
		}
		if err := a.Settings.Change(ctx, changes, !guarded(ctx)); err != nil {
			return nil, wrongSettings(err)
		}
		return &output[SettingList]{a.settingList(ctx)}, nil
	})
}

// settingList shows the settings to whoever asks through this door.
func (a *api) settingList(ctx context.Context) SettingList {
	l := a.Settings.List()
	out := SettingList{Settings: make([]Setting, 0, len(l.Entries)), File: l.File, Overlay: l.Overlay}
	for _, e := range l.Entries {
		out.Settings = append(out.Settings, settingOf(e, guarded(ctx)))
	}
	return out
}

// settingOf is a setting as it looks from a door.
func settingOf(e settings.Entry, guarded bool) Setting {
	lock := e.Lock(!guarded)
	return Setting{
		Key: e.Name, Doc: e.Doc, Kind: e.Kind,
		Value: SettingValue(e.Value), Default: SettingValue(e.Default), Example: SettingValue(e.Sample),
		Choices: e.Choices, Minimum: e.Minimum, Maximum: e.Maximum,
		Origin: e.Origin, Detail: e.Detail, Locked: lock != "", Why: lock,
		Secret: e.Secret, Set: e.Set, Restart: !e.Live, Pending: e.Pending, Env: e.Env(),
	}
}

// wrongSettings names the keys whose values are wrong as the fields that they
// are in the request.
func wrongSettings(err error) error {
	var wrong *settings.Wrong
	if !errors.As(err, &wrong) {
		return err
	}
	p := problemOf(fault.From(err))
	for _, w := range wrong.Keys {
		p.Fields = append(p.Fields, FieldError{Field: clip(w.Key, maxFieldName), Message: fault.From(w.Err).Say})
	}
	p.Fields = p.Fields[:min(len(p.Fields), maxFields)]
	return p
}

func exampleSettings() SettingList {
	least, most := 1.0, 8.0
	return SettingList{
		Settings: []Setting{{
			Key: "speech.beam_size", Doc: "Guesses that are followed at the same time: 1 is fastest, 5 is best.", Kind: settings.KindNumber,
			Value: SettingValue("3"), Default: SettingValue("5"), Minimum: &least, Maximum: &most,
			Origin: settings.FromFile, Detail: "settings.toml, line 12", Set: true, Env: "SLUICE_SPEECH_BEAM_SIZE",
		}},
		File: "~/.config/sluice/settings.toml", Overlay: "~/.config/sluice/settings.ui.toml",
	}
}

// guardedKey marks a request that came through a Guard, so from wherever.
type guardedKey struct{}

// guarded says whether a request came over a connection: the window's do not.
func guarded(ctx context.Context) bool {
	through, _ := ctx.Value(guardedKey{}).(bool)
	return through
}
