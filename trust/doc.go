// Package trust holds trust anchors: the certificates a relying party has decided to believe, each for as long as
// it has decided to.
//
//	store, err := trust.Load("roots/", "ministry.pem", "list.xml")
//	result, err := certpath.Validate(ctx, leaf, &certpath.Options{Anchors: store, Pool: store.Pool(), At: at})
//
// Anchors come from certificates, from trusted lists (ETSI TS 119 612: [ParseList], [ParsePivoted]) from certificate trust lists
// ([ParseCTL]) and from the government's list ([ParseGCA]); [Store.Sources] says what each file gave, and what was wrong with it. [Algorithms] says until when an algorithm may be relied upon.
//
// A [Store] never changes after it was made, so that one verdict is decided against one set of anchors, and its
// [Store.Snapshot] names that set in a report. All types are safe for concurrent use.
package trust
