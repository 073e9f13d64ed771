package auth

import (
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
)

// What happens to accounts. The object of each is the account, but for sessions and grants.
type (
	// AccountMade is an account that was made, with a one-time password.
	AccountMade struct {
		Account store.ID
		Kind    string
		Login   store.Personal
		Name    store.Personal
		Person  store.ID
		Managed store.ID // the agency that manages it
	}
	// PasswordGiven is a one-time password that was given to who is locked out; it ended all sessions.
	PasswordGiven struct {
		Account store.ID
		Until   time.Time
	}
	// PasswordChosen is a password that its owner chose.
	PasswordChosen struct{ Account store.ID }
	// AccountClosed is an account that nobody signs in to any more.
	AccountClosed struct {
		Account store.ID
		Reason  string
	}
	// AccountOpened is a closed account that is open again.
	AccountOpened struct{ Account store.ID }
	// PersonLinked is an account that is a person's of the directory from now on.
	PersonLinked struct{ Account, Person store.ID }
	// PersonUnlinked is one that is theirs no more.
	PersonUnlinked struct{ Account, Person store.ID }
	// RoleGranted is a role that was given.
	RoleGranted struct {
		Grant, Account store.ID
		Role           string
		Agency, At     store.ID
		Reach          string
		Since, Until   time.Time
	}
	// RoleEnded is a grant that ends sooner than it said.
	RoleEnded struct {
		Grant, Account store.ID
		Role           string
		Agency         store.ID
		Until          time.Time
	}
	// SignedIn is somebody who signed in.
	SignedIn struct {
		Session, Account store.ID
		Address          store.Personal
	}
	// SignInFailed is somebody who did not. Account is 0 where there is none of that name; the name is not kept: people type
	// passwords into the wrong field.
	SignInFailed struct {
		Account store.ID
		Reason  string
		Address store.Personal
	}
	// SignedOut is a session that was ended: by its owner, or for them.
	SignedOut struct{ Session, Account store.ID }
	// FactorAdded is a second factor that somebody set up: "totp" or "passkey".
	FactorAdded struct {
		Account store.ID
		Kind    string
	}
	// FactorRemoved is one that was taken away, or "all", by who helps.
	FactorRemoved struct {
		Account store.ID
		Kind    string
	}
	// RecoveryUsed is a code that was used in place of a lost app.
	RecoveryUsed struct{ Account store.ID }
	// Refused is what somebody tried and was not let do, so often since the last such event. Reason is "sign_in", "permission" or "reach".
	Refused struct {
		Account store.ID
		Reason  string
		Methods []string
		Count   int
		Address store.Personal
	}
	// AgencyChosen is another agency that somebody acts for from now on.
	AgencyChosen struct{ Session, Agency store.ID }
)

// EventKind names it.
func (AccountMade) EventKind() string { return "auth.account_made/1" }

// EventKind names it.
func (PasswordGiven) EventKind() string { return "auth.password_given/1" }

// EventKind names it.
func (PasswordChosen) EventKind() string { return "auth.password_chosen/1" }

// EventKind names it.
func (AccountClosed) EventKind() string { return "auth.account_closed/1" }

// EventKind names it.
func (AccountOpened) EventKind() string { return "auth.account_opened/1" }

// EventKind names it.
func (PersonLinked) EventKind() string { return "auth.person_linked/1" }

// EventKind names it.
func (PersonUnlinked) EventKind() string { return "auth.person_unlinked/1" }

// EventKind names it.
func (RoleGranted) EventKind() string { return "auth.role_granted/1" }

// EventKind names it.
func (RoleEnded) EventKind() string { return "auth.role_ended/1" }

// EventKind names it.
func (SignedIn) EventKind() string { return "auth.signed_in/1" }

// EventKind names it.
func (SignInFailed) EventKind() string { return "auth.sign_in_failed/1" }

// EventKind names it.
func (SignedOut) EventKind() string { return "auth.signed_out/1" }

// EventKind names it.
func (FactorAdded) EventKind() string { return "auth.factor_added/1" }

// EventKind names it.
func (FactorRemoved) EventKind() string { return "auth.factor_removed/1" }

// EventKind names it.
func (RecoveryUsed) EventKind() string { return "auth.recovery_used/1" }

// EventKind names it.
func (Refused) EventKind() string { return "auth.refused/1" }

// EventKind names it.
func (AgencyChosen) EventKind() string { return "auth.agency_chosen/1" }
