package pades

import (
	"github.com/antinvn/antin/pdf"
)

// maxTreeDepth bounds the walk down a number tree.
const maxTreeDepth = 32

// tag gives a widget its structure element in a tagged file (ISO 32000-2, 14.7.5.3; ISO 14289-1, 7.18): /Form with an
// object reference, found again through the parent tree. Only before the first signature: afterwards a change of the
// structure tree would speak against the signatures there are.
func tag(u *pdf.Update, d pdf.Dict, widget pdf.Ref, page *pdf.Page, name string) error {
	root, err := catalog(u)
	if err != nil {
		return err
	}
	mark, err := dictOf(u, root.dict["MarkInfo"])
	if err != nil {
		return err
	}
	marked, err := u.Resolve(mark["Marked"])
	tree, isRef := root.dict["StructTreeRoot"].(pdf.Ref)
	if err != nil || marked != true || !isRef {
		return err
	}
	top, err := hold(u, tree)
	if err != nil {
		return err
	}
	key, err := nextParentKey(u, top.dict)
	if err != nil {
		return err
	}
	above, parent, err := structureParent(top, tree)
	if err != nil {
		return err
	}
	element := u.Add(pdf.Dict{
		"Type": pdf.Name("StructElem"), "S": pdf.Name("Form"), "P": parent, "Pg": page.Ref,
		"K": pdf.Dict{"Type": pdf.Name("OBJR"), "Obj": widget, "Pg": page.Ref},
	})
	if err := above.adopt(element); err != nil {
		return err
	}
	if top, err = hold(u, tree); err != nil {
		return err
	}
	if err := enterParentTree(top, key, element); err != nil {
		return err
	}
	d["StructParent"] = key
	d["TU"] = pdf.EncodeTextString(name)
	return u.Set(widget, d)
}

// structureParent is the document element, or the root where there is none.
func structureParent(top holder, tree pdf.Ref) (holder, pdf.Ref, error) {
	kid := top.dict["K"]
	if a, err := arrayOf(top.u, kid); err != nil {
		return holder{}, tree, err
	} else if len(a) == 1 {
		kid = a[0]
	}
	ref, ok := kid.(pdf.Ref)
	d, err := dictOf(top.u, kid)
	if err != nil || !ok || d["S"] != pdf.Name("Document") {
		return top, tree, err
	}
	h, err := hold(top.u, ref)
	return h, ref, err
}

// adopt appends to /K, which may be one kid or an array of them.
func (h holder) adopt(kid pdf.Ref) error {
	if have := h.dict["K"]; have != nil {
		a, err := arrayOf(h.u, have)
		if err != nil {
			return err
		}
		if a == nil {
			h.dict["K"] = pdf.Array{have}
		}
	}
	return h.append("K", kid)
}

// nextParentKey is a key of the parent tree that was never used.
func nextParentKey(u *pdf.Update, tree pdf.Dict) (int64, error) {
	next, ok, err := intOf(u, tree["ParentTreeNextKey"])
	if err != nil || ok {
		return next, err
	}
	node, err := dictOf(u, tree["ParentTree"])
	for depth := 0; err == nil && node != nil && depth < maxTreeDepth; depth++ {
		var nums, kids pdf.Array
		if nums, err = arrayOf(u, node["Nums"]); err != nil {
			return 0, err
		}
		for i := 0; i+1 < len(nums); i += 2 {
			if n, ok := nums[i].(int64); ok {
				next = max(next, n+1)
			}
		}
		if kids, err = arrayOf(u, node["Kids"]); err != nil || len(kids) == 0 {
			return next, err
		}
		node, err = dictOf(u, kids[len(kids)-1])
	}
	return next, err
}

// enterParentTree adds key, which is larger than all others, to the last leaf of the number tree, and widens the limits on
// the way (ISO 32000-2, 7.9.7).
func enterParentTree(top holder, key int64, element pdf.Ref) error {
	top.dict["ParentTreeNextKey"] = key + 1
	node, err := top.child("ParentTree")
	if err != nil {
		return err
	}
	if err := top.save(); err != nil {
		return err
	}
	for range maxTreeDepth {
		kids, err := arrayOf(top.u, node.dict["Kids"])
		if err != nil {
			return err
		}
		if limits, err := arrayOf(top.u, node.dict["Limits"]); err != nil {
			return err
		} else if len(limits) == 2 {
			node.dict["Limits"] = pdf.Array{limits[0], key}
			if err := node.save(); err != nil {
				return err
			}
		}
		last, ok := pdf.Ref{}, false
		if len(kids) > 0 {
			last, ok = kids[len(kids)-1].(pdf.Ref)
		}
		if !ok {
			break
		}
		if node, err = hold(top.u, last); err != nil {
			return err
		}
	}
	return node.append("Nums", key, element)
}
