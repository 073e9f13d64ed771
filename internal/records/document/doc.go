// Package document carries a document through its agency: one PDF, from draft to issue.
//
//	draft ──sign──▶ signed ──number──▶ numbered ──seal──▶ issued
//	  │ return        │ send back
//	  ▼               ▼
//	returned ──a new file──▶ draft
//
//	drafter    uploads a PDF with gaps for number and date and a signer's line; puts right what came back
//	leader     reads and signs, or returns it with a reason
//	clerk      gives number and date and seals with the agency's key, or sends it back with a reason while it has no number
//	recipient  its clerk sees it when it is issued
//
// Who sees a document, its name included: those who took part, the clerk of its agency, the leader of its agency while it waits for his
// signature, and the clerks of its recipients once it is issued. Content never flows down the tree of agencies. One piece of SQL says so
// ([visible]), and lists, single reads and counts all use it.
//
// Number, date and seal are fields made before the first signature, in its revision (docs/decisions/0002-reserved-fields.md); sealing fills
// them in. A document that has its number and not its seal goes on with the same number.
package document
