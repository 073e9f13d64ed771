package auth

import "github.com/antinvn/antin/codes"

// The codes of this package.
const (
	// ErrSignIn: somebody has to be signed in for this.
	ErrSignIn codes.Code = "auth.sign_in"
	// ErrDenied: no grant of this account, at the agency it acts for, allows it.
	ErrDenied codes.Code = "auth.denied"
	// ErrWrong: no open account has this sign-in name and password; nobody learns which is wrong.
	ErrWrong codes.Code = "auth.wrong"
	// ErrCurrent: the password in use is another one.
	ErrCurrent codes.Code = "auth.current"
	// ErrTooOften: signing in failed too often, for this name or from this address; it is taken again after a while.
	ErrTooOften codes.Code = "auth.too_often"
	// ErrTicket: a step of signing in came too late, or out of order.
	ErrTicket codes.Code = "auth.ticket"
	// ErrCode: a code of the app, or for when it is lost, is wrong or was used.
	ErrCode codes.Code = "auth.code"
	// ErrDevice: what an authenticator said does not hold, or its key is not known here.
	ErrDevice codes.Code = "auth.device"
	// ErrDevices: an account has as many passkeys as it may.
	ErrDevices codes.Code = "auth.devices"
	// ErrCrowded: more people sign in at once than can be looked at.
	ErrCrowded codes.Code = "auth.crowded"
	// ErrShort, ErrLong, ErrGuessable and ErrSame: a chosen password is no good.
	ErrShort     codes.Code = "auth.password_short"
	ErrLong      codes.Code = "auth.password_long"
	ErrGuessable codes.Code = "auth.password_guessable"
	ErrSame      codes.Code = "auth.password_same"
	// ErrLogin: what is no sign-in name.
	ErrLogin codes.Code = "auth.login"
	// ErrLoginTaken: another account has this sign-in name.
	ErrLoginTaken codes.Code = "auth.login_taken"
	// ErrNoAccount: no account has this sign-in name.
	ErrNoAccount codes.Code = "auth.no_account"
	// ErrNoPerson: the account of a service is nobody's in the directory.
	ErrNoPerson codes.Code = "auth.no_person"
	// ErrFirst: there are accounts already: the first operator was made.
	ErrFirst codes.Code = "auth.first"
	// ErrSelf: nobody gives a role or a password to themselves.
	ErrSelf codes.Code = "auth.self"
	// ErrWider: the account has roles where this operator's reach does not go.
	ErrWider codes.Code = "auth.wider"
	// ErrClosed: the account is closed.
	ErrClosed codes.Code = "auth.closed"
	// ErrRole, ErrReach, ErrPlace and ErrDays: a grant names no role, reaches further than its giver, begins outside its agency, or
	// ends before it begins.
	ErrRole  codes.Code = "auth.role"
	ErrReach codes.Code = "auth.reach"
	ErrPlace codes.Code = "auth.place"
	ErrDays  codes.Code = "auth.days"
)
