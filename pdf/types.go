package pdf

// Options steer Open.
type Options struct {
	Password []byte // user's or owner's; the empty password is always tried
	Limits   Limits
}

// Limits bound the parser; zero fields take the default.
type Limits struct {
	Depth       int   // nesting of objects and of page and field trees, 100
	Revisions   int   // 10,000
	ObjectBytes int64 // of one object without stream data, 64 MB
	StreamBytes int64 // of one decoded stream, 256 MB
}

// Permissions are the rights of ISO 32000-1, table 22.
type Permissions struct {
	Owner                                 bool // opened with the owner's password, or not encrypted
	Modify, Annotate, FillForms, Assemble bool
}

// Revision is one incremental update.
type Revision struct {
	XRefOffset int64  // absolute offset of its (last) cross-reference section
	End        int64  // absolute offset after its %%EOF line; the file's size for the last one if only white space follows
	Kind       string // "table", "stream", "hybrid" or "rebuilt"
	Linearized bool
}

// Change is one entry of a revision's cross-reference.
type Change struct {
	Ref    Ref
	Offset int64 // of "N G obj", or of the object stream that holds it; -1 freed
	Stream int   // number of the object stream, 0 if none
	Hidden bool  // only in the stream of a hybrid cross-reference: readers that know tables alone do not see it
}

// Page is a page with inherited attributes resolved.
type Page struct {
	Ref       Ref
	Dict      Dict // as written, not inherited
	Parent    Ref
	MediaBox  Rect
	CropBox   Rect // intersected with MediaBox
	Rotate    int  // 0, 90, 180, 270
	UserUnit  float64
	Resources Object
}

// Rect is a rectangle in default user space, X0 <= X1, Y0 <= Y1.
type Rect struct{ X0, Y0, X1, Y1 float64 }
