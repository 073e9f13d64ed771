// Package auth knows who is there, for which agency they act, and what they may do. It alone makes warrants (package store), so that
// nothing is read or written that its tables do not allow.
//
// Three tables say it all. A module's [Policy] names, for each command and query, the [Permission] that it needs and whose agency
// decides. The table in table.go names, for each permission, the roles that carry it and how far it may reach at most. Grants give a role
// at an agency to an account, from a day to a day, with a [Reach].
//
//	func (s *Service) Number(ctx context.Context, who auth.Actor, id store.ID) error {
//		w, err := s.auth.Warrant(ctx, who, "records/document.Number") // none of the module's SQL has run yet
//		if err != nil {
//			return err
//		}
//		return s.db.Do(ctx, w, func(tx *store.Tx) error {
//			…
//			if err := tx.Over(d.Agency); err != nil { // out of reach reads as not found
//				return err
//			}
//
// Where the agencies stand is told by package directory/org through [PlaceTx]; here they are ids in a closure with dates.
package auth
