// Package job does work behind a change: it is put down in the transaction of the change, so that nothing is lost between "saved"
// and "sent", and done by whichever node takes it first.
//
//	waiting ──take──▶ running ──finish──▶ done
//	   ▲  ▲              │
//	   │  └── later ─────┤ failed, attempts left; or its lease ran out
//	   └──── retry ── failed ◀── attempts used up      given up: done, with the error kept
//
// A kind is written to be run twice: a node may die after the work and before the note of it. What the work writes goes through
// [Run.Step] and [Run.Finish], which commit only while the job is still this node's.
package job
