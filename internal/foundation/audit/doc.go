// Package audit makes of the store's events a record that cannot be quietly changed: a transparency log of tiles (c2sp.org/tlog-tiles) under
// signed checkpoints (c2sp.org/tlog-checkpoint), which anyone verifies with the public key alone.
//
// A command's transaction writes its events without a place (package store). A [Sequencer] gives the events that have none their places, adds
// their leaves to the tiles and signs the new tree, a bounded batch at a time: the places, the tiles and the checkpoint commit together or not at
// all. One sequencer works at a time over all nodes; even two could not both commit, because each commit is a compare-and-swap on the log's size.
//
//	s, err := audit.NewSequencer(ctx, audit.Config{DB: db, Issuer: issuer, Ring: ring, Origin: "ky.example.gov.vn/nhat-ky"})
//	go s.Serve(ctx)
//	log := audit.Open(db, issuer, audit.Referrers{"document": "event"})
//	err = log.View(ctx, func(s audit.Source) error {
//		report, err := audit.Verify(s, audit.Options{Key: key})
//		…
//	})
//
// [Verify] reads a [Source]: the running store ([Log.View]) or an exported folder ([Folder]). docs/audit-format.md describes the format for those who
// verify with a program of their own.
package audit
