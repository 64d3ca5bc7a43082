package httpapi

// Unshown lists the bodies that the document has no example of.
func Unshown() []string { return newAPI(Deps{Version: "dev"}).unshown }

// Patterns lists the routes as the mux knows them.
func Patterns() []string { return newAPI(Deps{Version: "dev"}).mux.patterns }
