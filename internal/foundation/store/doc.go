// Package store keeps the platform's rows, on SQLite or PostgreSQL, with one schema and one behaviour.
//
// Nothing opens without a [Warrant], and nothing commits without an event:
//
//	err := db.Do(ctx, warrant, func(tx *store.Tx) error {
//		d, err := load(tx, id)
//		if err != nil {
//			return err
//		}
//		if err := tx.Over(d.Agency); err != nil { // out of reach reads as not found
//			return err
//		}
//		tx.Record(Numbered{Document: id, Number: 5})
//		return save(tx, &d)
//	})
//
// A transaction that wrote without [Tx.Over], [Tx.Within] or [Tx.Permit], or without [Tx.Record], does not commit. Only the
// [Issuer] that [Open] returns can make a warrant. A function given to [DB.Do] may run more than once and so has no effect
// outside its transaction.
//
// SQLite has one writer, whose transaction many callers share (group commit); PostgreSQL runs each
// caller's transaction SERIALIZABLE, and again on a conflict.
package store
