package verify

import (
	"strings"

	"github.com/antinvn/antin/pdf"
)

// role is what an object is for, or how a difference came about; rules are asked by it.
type role string

const (
	roleOther role = "" // no rule asks for it

	roleTrailer     role = "trailer"
	roleCatalog     role = "catalog"
	roleInformation role = "document information"
	roleExtensions  role = "extensions"
	roleMetadata    role = "metadata stream"
	roleStructure   role = "structure"
	roleStore       role = "document security store"
	roleStoreList   role = "list of evidence"
	roleVRI         role = "validation-related information"
	roleVRIEntry    role = "validation-related information of a signature"

	roleForm       role = "form"
	roleFieldList  role = "list of fields"
	roleField      role = "field"
	roleNewField   role = "new field"
	roleValue      role = "value of a field"
	roleAppearance role = "appearance of a field"
	roleResources  role = "resources of the form"
	roleCategory   role = "resources of one kind of the form"

	rolePage              role = "page"
	roleAnnotationList    role = "annotations of a page"
	roleNewAnnotation     role = "new annotation"
	roleRemovedAnnotation role = "removed annotation"
	roleAnnotation        role = "annotation"
	roleAnnotationPart    role = "part of an annotation"

	roleSame           role = "the same in another spelling"
	roleBack           role = "target of a back reference" // nothing is shown by it
	roleOrphan         role = "reached by nothing"
	roleFreed          role = "freed"
	roleMissing        role = "freed, and still referred to"
	roleEmptyReference role = "made where a reference was empty"
)

// ownRole is the role that an object has wherever it is referred to from; [roleOther] for those judged by the ways to them.
func (s *step) ownRole(r pdf.Ref) role {
	switch r {
	case pdf.Ref{}:
		return roleOther
	case s.root:
		return roleCatalog
	case refOf(s.trailers[1]["Info"]):
		return roleInformation
	case refOf(s.catalogs[1]["AcroForm"]):
		return roleForm
	case refOf(s.catalogs[1]["DSS"]):
		return roleStore
	case refOf(s.catalogs[1]["Extensions"]):
		return roleExtensions
	}
	for _, f := range s.form {
		if f != nil && f.nodes[r] != nil {
			return roleField
		}
	}
	if d, ok := load(s.new, r).(pdf.Dict); ok && d["Type"] == pdf.Name("Page") {
		return rolePage
	}
	return roleOther
}

// maxClimbed bounds how far up the roles of the objects above are asked for.
const maxClimbed = 12

// roleByWay is what an object is for the one that refers to it; several where that one has several roles itself.
func (s *step) roleByWay(to pdf.Ref, w way) []role {
	found := s.rolesBelow(w, maxClimbed, map[pdf.Ref]bool{})
	if len(found) == 0 {
		return []role{roleOther}
	}
	for i := range found {
		found[i] = s.roleOfTarget(to, found[i])
	}
	return found
}

func (s *step) rolesBelow(w way, left int, seen map[pdf.Ref]bool) []role {
	if left == 0 {
		return []role{roleOther}
	}
	if seen[w.from] {
		return nil // round and back: what leads into the circle says what it is
	}
	seen[w.from] = true
	defer delete(seen, w.from)
	above := []role{s.ownRole(w.from)}
	if above[0] == roleOther {
		if known, ok := s.roles[w.from]; ok {
			above = known
		} else {
			above = nil
			for _, up := range s.ways(w.from) {
				for _, r := range s.rolesBelow(up, left-1, seen) {
					above = append(above, s.roleOfTarget(w.from, r))
				}
			}
			if above = unique(above); len(seen) == 1 {
				if s.roles == nil {
					s.roles = map[pdf.Ref][]role{}
				}
				s.roles[w.from] = above
			}
		}
	}
	var out []role
	for _, r := range above {
		out = append(out, below(r, w.path))
	}
	return unique(out)
}

// roleOfTarget tells a list from its members where both hang at one place: /Annots may be an array or a reference to one.
func (s *step) roleOfTarget(r pdf.Ref, as role) role {
	_, list := load(s.new, r).(pdf.Array)
	return forTarget(as, list)
}

func forTarget(as role, list bool) role {
	switch {
	case as == roleAnnotationList && !list:
		return roleAnnotation
	case as == roleStoreList && !list, as == roleFieldList && !list:
		return roleOther // evidence never changes; a field has its own role
	}
	return as
}

func unique(all []role) []role {
	var out []role
	for _, r := range all {
		found := false
		for _, o := range out {
			found = found || o == r
		}
		if !found {
			out = append(out, r)
		}
	}
	return out
}

// below is the role of what stands at a path in an object of a role.
func below(above role, path string) role {
	first, rest, _ := strings.Cut(path, " ")
	switch above {
	case roleCatalog:
		return belowCatalog(first, rest)
	case roleForm:
		return belowForm(first, rest)
	case roleResources:
		if rest == "" {
			return roleCategory
		}
	case roleField:
		switch first {
		case "Kids":
			return roleFieldList
		case "V":
			return roleValue
		case "AP", "MK":
			return roleAppearance
		}
	case roleAppearance:
		return roleAppearance
	case roleStore, roleVRI, roleVRIEntry, roleStoreList:
		return belowStore(above, first, rest)
	case rolePage:
		if path == "Annots" {
			return roleAnnotationList
		}
	case roleAnnotationList:
		return roleAnnotationList
	case roleAnnotation:
		return belowAnnotation(first)
	case roleAnnotationPart:
		return roleAnnotationPart
	case roleStructure:
		switch {
		case first == "Pg" || path == "Obj" || path == "K Obj" || path == "K Pg":
			return roleBack
		case first == "K" || first == "P" || first == "ParentTree" || first == "Kids" || first == "Nums" || path == "":
			return roleStructure
		}
	default:
	}
	return roleOther
}

func belowForm(first, rest string) role {
	switch {
	case first == "Fields" && rest == "":
		return roleFieldList
	case first == "DR" && rest == "":
		return roleResources
	case first == "DR" && !strings.Contains(rest, " "):
		return roleCategory
	}
	return roleOther
}

func belowAnnotation(first string) role {
	switch first {
	case "Popup":
		return roleAnnotation
	case "Parent", "IRT", "P":
		return roleBack
	case "AP", "Contents", "RC", "DA", "QuadPoints", "Vertices", "InkList", "BS", "Border", "C", "Rect":
		return roleAnnotationPart
	}
	return roleOther
}

func belowCatalog(first, rest string) role {
	switch first {
	case "AcroForm":
		if rest != "" {
			return below(roleForm, rest)
		}
	case "DSS":
		if rest != "" {
			return below(roleStore, rest)
		}
	case "Extensions":
		return roleExtensions
	case "Metadata":
		return roleMetadata
	case "StructTreeRoot":
		return roleStructure
	}
	return roleOther
}

func belowStore(above role, first, rest string) role {
	switch {
	case above == roleStore && first == "VRI" && rest == "":
		return roleVRI
	case above == roleStore && first == "VRI":
		first, rest, _ = strings.Cut(rest, " ")
		return belowStore(roleVRI, first, rest)
	case above == roleStore && (first == "Certs" || first == "OCSPs" || first == "CRLs"):
		return roleStoreList
	case above == roleVRI && rest == "":
		return roleVRIEntry
	case above == roleVRI:
		first, rest, _ = strings.Cut(rest, " ")
		return belowStore(roleVRIEntry, first, rest)
	case above == roleVRIEntry && (first == "Cert" || first == "OCSP" || first == "CRL"):
		return roleStoreList
	case above == roleStoreList:
		return roleStoreList
	}
	return roleOther
}
