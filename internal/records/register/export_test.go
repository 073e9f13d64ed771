package register

// Statement is the query of a list, for the test that reads its plan.
func (a *Asked) Statement() (string, []any) { return a.statement() }

// List is the declared list.
var List = &list
