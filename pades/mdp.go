package pades

import (
	"slices"
	"strings"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// rules is what the signatures so far allow (ISO 32000-2, 12.8.2).
type rules struct {
	signed    bool // any signature or document time-stamp
	certified bool
	mdp       DocMDP // the strictest permission of certification and locks, 0 where nothing is said
	locks     []Lock
}

func readRules(r resolver, fields []formField) (rules, error) {
	var all rules
	for _, f := range fields {
		if f.kind != "Sig" || f.value == nil {
			continue
		}
		d, err := dictOf(r, f.value)
		if err != nil {
			return all, err
		}
		if d == nil {
			continue
		}
		all.signed = true
		mdp, lock, err := transforms(r, d)
		if err != nil {
			return all, err
		}
		if mdp != 0 {
			all.certified = true
			all.restrict(mdp)
		}
		if lock == nil {
			continue
		}
		if err := lock.complete(r, f); err != nil {
			return all, err
		}
		all.restrict(DocMDP(lock.P))
		all.locks = append(all.locks, *lock)
	}
	return all, nil
}

// complete takes /P from the field's own lock, which carries it (ISO 32000-2, table 236): its copy in the signature does not always.
func (l *Lock) complete(r resolver, f formField) error {
	own, err := readLock(r, f.dict["Lock"])
	if err == nil && own != nil && l.P == 0 {
		l.P = own.P
	}
	return err
}

func (r *rules) restrict(p DocMDP) {
	if p >= 1 && p <= 3 && (r.mdp == 0 || p < r.mdp) {
		r.mdp = p
	}
}

func (r *rules) locked(field string) bool {
	return slices.ContainsFunc(r.locks, func(l Lock) bool { return l.covers(field) })
}

// covers reports whether the lock names a field, or a field above it.
func (l *Lock) covers(field string) bool {
	named := slices.ContainsFunc(l.Fields, func(name string) bool {
		return field == name || strings.HasPrefix(field, name+".")
	})
	switch l.Action {
	case "All":
		return true
	case "Include":
		return named
	case "Exclude":
		return !named
	}
	return false
}

func (l *Lock) check() error {
	switch {
	case l.Action != "All" && l.Action != "Include" && l.Action != "Exclude":
		return codes.New(ErrOptions, "locking fields", l.Action, "the actions are All, Include and Exclude")
	case l.P < 0 || l.P > 3:
		return codes.New(ErrOptions, "locking fields", l.Action, "P is 1, 2 or 3")
	}
	return nil
}

// dictionary is what a lock, a FieldMDP transform and a seed value have in common.
func (l *Lock) dictionary(kind pdf.Name) pdf.Dict {
	d := pdf.Dict{"Type": kind, "Action": pdf.Name(l.Action)}
	if l.Action != "All" {
		names := make(pdf.Array, len(l.Fields))
		for i, f := range l.Fields {
			names[i] = pdf.EncodeTextString(f)
		}
		d["Fields"] = names
	}
	if l.P != 0 {
		d["P"] = int64(l.P)
	}
	return d
}

func readLock(r resolver, o pdf.Object) (*Lock, error) {
	d, err := dictOf(r, o)
	if err != nil || d == nil {
		return nil, err
	}
	action, err := nameOf(r, d["Action"])
	if err != nil || action == "" {
		return nil, err
	}
	lock := &Lock{Action: string(action)}
	names, err := arrayOf(r, d["Fields"])
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		name, err := textOf(r, n)
		if err != nil {
			return nil, err
		}
		lock.Fields = append(lock.Fields, name)
	}
	p, _, err := intOf(r, d["P"])
	if p >= 1 && p <= 3 {
		lock.P = int(p)
	}
	return lock, err
}

// transforms reads /Reference of a signature dictionary.
func transforms(r resolver, signature pdf.Dict) (DocMDP, *Lock, error) {
	references, err := arrayOf(r, signature["Reference"])
	if err != nil {
		return 0, nil, err
	}
	var mdp DocMDP
	var lock *Lock
	for _, o := range references {
		d, err := dictOf(r, o)
		if err != nil {
			return 0, nil, err
		}
		method, err := nameOf(r, d["TransformMethod"])
		if err != nil {
			return 0, nil, err
		}
		params, err := dictOf(r, d["TransformParams"])
		if err != nil {
			return 0, nil, err
		}
		switch method {
		case "DocMDP":
			p, ok, err := intOf(r, params["P"])
			if err != nil {
				return 0, nil, err
			}
			if mdp = 2; ok && p >= 1 && p <= 3 { // ISO 32000-2, table 257: the default is 2
				mdp = DocMDP(p)
			}
		case "FieldMDP":
			if lock, err = readLock(r, params); err != nil {
				return 0, nil, err
			}
		}
	}
	return mdp, lock, nil
}

// references builds /Reference for a signature that certifies, locks, or both.
func references(certify DocMDP, lock *Lock, root pdf.Ref) pdf.Array {
	var all pdf.Array
	if certify != 0 {
		all = append(all, pdf.Dict{
			"Type": pdf.Name("SigRef"), "TransformMethod": pdf.Name("DocMDP"),
			"TransformParams": pdf.Dict{"Type": pdf.Name("TransformParams"), "P": int64(certify), "V": pdf.Name("1.2")},
		})
	}
	if lock != nil {
		params := lock.dictionary("TransformParams")
		params["V"] = pdf.Name("1.2")
		all = append(all, pdf.Dict{
			"Type": pdf.Name("SigRef"), "TransformMethod": pdf.Name("FieldMDP"),
			"Data": root, "TransformParams": params,
		})
	}
	return all
}

// certify records the certification in the catalog (ISO 32000-2, 12.8.6).
func certify(u *pdf.Update, signature pdf.Ref) error {
	root, err := catalog(u)
	if err != nil {
		return err
	}
	perms, err := root.child("Perms")
	if err != nil {
		return err
	}
	perms.dict["DocMDP"] = signature
	return perms.save()
}
