// Package check tells anyone whether a signed document can be trusted: /kiem-tra, without an account.
//
// A file is read into a temporary file without a name, its facts are gathered ([Verifier]: in a child process where cmd gives it package
// sandbox), and the engine decides. What is answered is the engine's: one sentence, then for each act of signing who, when and covering
// what, then what would make it pass, then what is technical. What only training keys vouch for is called so in its first sentence.
//
// Nothing of an upload is kept after the answer. A report (HTML, PDF, JSON) is made from the same answer all the same: the page carries the
// facts that were found, authenticated by the house's key, and sends them back for it; the facts hold no content of the document, and whoever
// has no page of ours has no answer that the house would put on a report.
//
// Limits: the size of a file, how many come at once, the time of one check, how many run and how many wait. Who comes when all places are
// taken is told so at once, with the time to try again.
package check
