// Package verify answers whether a signed document can be trusted, and why: EN 319 102-1 in two steps.
//
// [Collect] reads a file and gathers [Facts]: byte ranges, digests, signature values, paths, time-stamps, revocation
// evidence, and what every later revision changed. It decides nothing. [Decide] turns facts into a [Verdict] by a
// [Policy]; it is a pure function without input or output, so that a verdict can be computed again years later.
//
//	facts, err := verify.Collect(ctx, file, size, &verify.CollectOptions{Trust: store, Offline: true})
//	if err != nil {
//		return err // unreadable: not a verdict
//	}
//	verdict := verify.Decide(facts, verify.DefaultPolicy(), time.Now())
//	fmt.Println(verdict.Report("vi").Document.Sentence)
//
// A verdict is never an error: what cannot be decided is INDETERMINATE with the reason.
package verify
