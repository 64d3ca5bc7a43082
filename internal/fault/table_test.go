package fault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"sluice/internal/fault"
)

// constants reads the values of all constants of one type from this package's
// source: what the table must hold, seen from outside the table.
func constants(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, d := range f.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, s := range gen.Specs {
			spec, ok := s.(*ast.ValueSpec)
			if !ok {
				continue
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typ {
				t.Errorf("%s: constant %s is no %s: give it the type", file, spec.Names[0].Name, typ)
				continue
			}
			for _, v := range spec.Values {
				lit, ok := v.(*ast.BasicLit)
				if !ok {
					t.Errorf("%s: constant %s is not a plain string", file, spec.Names[0].Name)
					continue
				}
				s, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, s)
			}
		}
	}
	if len(values) == 0 {
		t.Fatalf("no constants of type %s in %s", typ, file)
	}
	return values
}

func TestEveryCodeIsInTheTableExactlyOnce(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	for _, c := range constants(t, "codes.go", "Code") {
		if declared[c] {
			t.Errorf("code %s is declared twice", c)
		}
		declared[c] = true
	}
	listed := map[fault.Code]bool{}
	for _, e := range fault.Codes() {
		if listed[e.Code] {
			t.Errorf("code %s is listed twice", e.Code)
		}
		listed[e.Code] = true
		if !declared[string(e.Code)] {
			t.Errorf("code %s is listed but is no constant", e.Code)
		}
	}
	for c := range declared {
		if !listed[fault.Code(c)] {
			t.Errorf("code %s is missing from Codes()", c)
		}
	}
}

func TestEveryEntryIsFitForPrint(t *testing.T) {
	t.Parallel()
	kinds := map[fault.Kind]bool{}
	for _, k := range constants(t, "kind.go", "Kind") {
		kinds[fault.Kind(k)] = true
	}
	for _, e := range fault.Codes() {
		t.Run(string(e.Code), func(t *testing.T) {
			t.Parallel()
			if strings.Trim(string(e.Code), "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
				t.Error("a code is lower case with underscores")
			}
			if !kinds[e.Kind] {
				t.Errorf("kind %q is none of the kinds", e.Kind)
			}
			if e.Means == "" || strings.HasSuffix(e.Means, ".") {
				t.Errorf("Means is a phrase without a period, not %q", e.Means)
			}
			if !strings.HasSuffix(e.Hint, ".") || strings.TrimSpace(e.Hint) != e.Hint {
				t.Errorf("Hint is a sentence with a period, not %q", e.Hint)
			}
			if e.HTTP != 0 && (e.HTTP < 400 || e.HTTP > 599 || http.StatusText(e.HTTP) == "") {
				t.Errorf("HTTP status %d is no error status", e.HTTP)
			}
			if s := fault.New(e.Code, "", nil).Status(); s < 400 || s > 599 {
				t.Errorf("Status() = %d", s)
			}
		})
	}
}

func TestCrashesAreCountedApartSoTheyMustBeRetried(t *testing.T) {
	t.Parallel()
	for _, e := range fault.Codes() {
		if e.Crash && !e.Kind.Retry() {
			t.Errorf("%s is a crash of kind %s, which is never tried again", e.Code, e.Kind)
		}
	}
}

func TestRetryFollowsTheKind(t *testing.T) {
	t.Parallel()
	want := map[fault.Kind]bool{
		fault.KindInternal: true, fault.KindBusy: true, fault.KindUnavailable: true,
		fault.KindInvalid: false, fault.KindNotFound: false, fault.KindConflict: false,
		fault.KindMedia: false, fault.KindCanceled: false,
	}
	for _, k := range constants(t, "kind.go", "Kind") {
		retry, ok := want[fault.Kind(k)]
		if !ok {
			t.Errorf("kind %s has no expectation here", k)
		}
		if got := fault.Kind(k).Retry(); got != retry {
			t.Errorf("%s.Retry() = %v, want %v", k, got, retry)
		}
	}
	if fault.Kind("unheard").Retry() {
		t.Error("an unknown kind is retried")
	}
}
