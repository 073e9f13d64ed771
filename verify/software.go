package verify

import "github.com/antinvn/antin/pdf"

// softwareOf is the program that a signature dictionary says it was made with: /Prop_Build /App /Name and its version (Digital Signature
// Build Dictionary Specification, 2.3), "" where it does not say. Nothing proves it.
func softwareOf(v *pdf.View, signature pdf.Dict) string {
	build, err := v.Dict(signature["Prop_Build"])
	if err != nil {
		return ""
	}
	app, err := v.Dict(build["App"])
	if err != nil {
		return ""
	}
	name := wordOf(v, app["Name"])
	if version := wordOf(v, app["REx"]); version != "" && name != "" {
		name += " " + version
	}
	return cut(name)
}

func wordOf(v *pdf.View, o pdf.Object) string {
	o, err := v.Resolve(o)
	if err != nil {
		return ""
	}
	switch o := o.(type) {
	case pdf.Name:
		return string(o)
	case pdf.String:
		return pdf.TextString(o)
	}
	return ""
}

// cut bounds what a file may put into the facts about itself.
func cut(s string) string {
	if r := []rune(s); len(r) > longestName {
		return string(r[:longestName]) + "…"
	}
	return s
}
