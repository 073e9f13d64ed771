// Package fetch is the one way the engine reaches the network: bounded in size, time and redirects, and careful
// with addresses, because they come from documents and certificates that anyone may have written.
//
// A [Client] refuses schemes other than http and https, addresses that resolve to loopback, private, link-local,
// multicast or unspecified ranges, and more than three redirects, unless the operator allows the host. It rewrites
// hosts by rule before it connects (government certificates name hosts that resolve only inside one network).
//
//	c := &fetch.Client{AllowHosts: []string{"ocsp.internal.example"}}
//	response, err := c.Do(ctx, fetch.Request{Kind: "ocsp", URL: address, Body: request})
//
// A *Client is safe for concurrent use once its fields are set.
package fetch
