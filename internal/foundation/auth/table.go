package auth

import "slices"

// Role is what somebody is at an agency.
type Role string

// The roles.
const (
	Drafter            Role = "drafter"             // writes documents
	UnitHead           Role = "unit_head"           // leads a unit, passes documents on
	Clerk              Role = "clerk"               // văn thư: numbers, seals, sends, receives
	Leader             Role = "leader"              // signs for the agency
	CertificateOfficer Role = "certificate_officer" // handles certificates and devices
	OneStopOfficer     Role = "one_stop_officer"    // takes citizens' files
	Operator           Role = "operator"            // runs the system
	Auditor            Role = "auditor"             // reads the log
	Integrator         Role = "integrator"          // connects other systems
)

// Roles are all of them, in the order in which pages show them.
var Roles = []Role{Drafter, UnitHead, Clerk, Leader, CertificateOfficer, OneStopOfficer, Operator, Auditor, Integrator}

// Reach is how far a grant goes from the agency it was given at.
type Reach uint8

// The reaches. Each contains the one before it.
const (
	Agency       Reach = iota // this agency
	Units                     // with its internal units
	Subordinates              // with all that is below it
)

// Permission is something that may be done.
type Permission string

// The permissions. What needs one is said by the policies of the modules.
const (
	// ManageDirectory keeps agencies, units, people and posts.
	ManageDirectory Permission = "directory.manage"
	// ManageAccounts makes accounts, helps who is locked out, grants roles.
	ManageAccounts Permission = "accounts.manage"
	// Operate sees and steers what runs.
	Operate Permission = "operate"
	// ReadLog reads what happened.
	ReadLog Permission = "log.read"
	// WriteDocument drafts documents and sends them on.
	WriteDocument Permission = "document.write"
	// SignDocument signs documents as a person.
	SignDocument Permission = "document.sign"
	// NumberDocument gives number and date.
	NumberDocument Permission = "document.number"
	// SealDocument signs with the agency's seal, and issues.
	SealDocument Permission = "document.seal"
	// ReadDocuments reads the agency's documents, drafts of others included.
	ReadDocuments Permission = "document.read"
	// CountDocuments sees figures, never content.
	CountDocuments Permission = "document.count"
	// ManageCertificates issues and revokes certificates.
	ManageCertificates Permission = "certificate.manage"
)

// key is the permission's text in the catalogue.
func (p Permission) key() string { return "auth.permission." + string(p) }

// line says who has a permission, and how far it may reach at most, whatever the grant says.
type line struct {
	permission Permission
	widest     Reach
	roles      []Role
}

// table is who may do what. Content of documents never flows down the tree of agencies; figures, certificates and devices do.
var table = []line{
	{ManageDirectory, Subordinates, []Role{Operator}},
	{ManageAccounts, Subordinates, []Role{Operator}},
	{Operate, Subordinates, []Role{Operator}},
	{ReadLog, Subordinates, []Role{Auditor}},
	{WriteDocument, Units, []Role{Drafter, UnitHead, Clerk, Leader}},
	{SignDocument, Units, []Role{Leader}},
	{NumberDocument, Units, []Role{Clerk}},
	{SealDocument, Units, []Role{Clerk}},
	{ReadDocuments, Units, []Role{Clerk}},
	{CountDocuments, Subordinates, []Role{Leader, Auditor}},
	{ManageCertificates, Subordinates, []Role{CertificateOfficer}},
}

// widest is how far a role carries a permission, and whether it does at all.
func widest(p Permission, r Role) (Reach, bool) {
	for _, l := range table {
		if l.permission == p {
			return l.widest, slices.Contains(l.roles, r)
		}
	}
	return 0, false
}

// Widest is how far a permission may reach at most, whatever a grant says.
func (p Permission) Widest() Reach {
	for _, l := range table {
		if l.permission == p {
			return l.widest
		}
	}
	return Agency
}

// Carries reports whether a role has a permission at all: what a menu asks.
func (r Role) Carries(p Permission) bool {
	_, ok := widest(p, r)
	return ok
}
