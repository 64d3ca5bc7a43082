package sqlitestore_test

func dieIfChild() {}
