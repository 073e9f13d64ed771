// Package operate is what those who run the house look at: whether it is well ([Health]), its figures ([Metrics]), and the work that runs
// behind it (the page /viec-nen, by [Service]).
//
// Whoever may ask: /healthz and /readyz, which say yes or no to a load balancer, and name no more than the part that is ill; /metrics, from
// the networks that are named in the settings; the page, who holds the permission [auth.Operate].
package operate

import "embed"

// Files are the texts.
//
//go:embed vi.txt en.txt
var Files embed.FS
