package whisper

import (
	"slices"
	"strings"
)

// Auto asks for the language to be detected.
const Auto = "auto"

const languages = "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no " +
	"th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km " +
	"sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue"

// Languages lists the codes the recogniser knows, most trained ones first.
func Languages() []string { return strings.Fields(languages) }

// KnowsLanguage says whether a code is one of them, or auto.
func KnowsLanguage(code string) bool {
	return code == Auto || slices.Contains(Languages(), code)
}
