//go:build !cgo

package engine

import (
	"errors"

	"sluice/internal/fault"
)

func open(Config) (recogniser, error) {
	return nil, fault.New(fault.EngineUnbuilt, "This build has no speech engine.", errors.New("built without cgo"))
}
