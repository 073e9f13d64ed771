// Package credential knows which keys can sign for whom: a row for each, with its certificate, what it is for, and the channel by which it
// is reached.
//
// There is one channel so far, [Soft]: the key lies in its row, sealed by the ring of master keys, and is unsealed into the serving process
// for one signature. Only training keys may be kept so; of any other the channel makes no use, whatever its row says.
//
//	c, err := credentials.IssueTraining(ctx, who, credential.Asked{Holder: person, Agency: agency, Purpose: credential.Signature, …})
//	…
//	sealed, err := credentials.OpenTx(tx, c.ID)  // in the transaction that checked that the actor may use it
//	key, err := credentials.Unseal(sealed)       // outside of it
//	value, err := key.Sign(rand.Reader, digest, crypto.SHA256) // once; a second time fails
package credential
