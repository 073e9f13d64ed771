// Package session signs one document at a time, in two commands with a session between them: so it is the same for a key that answers at
// once and for one that answers tomorrow.
//
//	open      the signed revision is prepared, once, over the file as it is; what is prepared and the file's name are kept
//	complete  the key signs, the signature is embedded at level B-LT, and the new file takes the place of the one it was prepared over
//
//	        OpenSignature / OpenSeal                Complete…
//	thing ───────────────────────────▶ open ─────────────────────▶ done
//	                                     │ it expires, or the thing has another file
//	                                     ▼
//	                                   ended
//
// The thing that is signed belongs to a room above, a [Paper]: it says under the session's warrant whether the actor may sign it and which
// file it has, and takes the signed one. A thing has one open session; its file is changed only while it is still the one that was prepared
// (compare and swap). No key, network or rendering is used inside a transaction. After a crash at any point the same call goes on: opening
// again gives the open session, completing again signs anew, and what is done stays done.
//
// Until package directory/authority exists the roles decide: a leader signs for the acting agency, a clerk seals; asked when a session is
// opened and again when its signature is embedded.
package session
