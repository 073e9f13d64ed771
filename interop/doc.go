// Package interop holds what Antin writes against programs that others wrote: OpenSSL, pdfsig, qpdf, pyHanko, EU DSS and veraPDF.
//
// Every verdict is read from a peer's words or data, never from its exit status, and every cell that passes has a spoiled twin that
// must not. A peer that is not installed is skipped; with CI=true or ANTIN_INTEROP=all a missing peer, or one that ran no case, fails.
// ANTIN_INTEROP=all runs the whole matrix and holds the table in docs/conformance.md to it; with ANTIN_UPDATE=1 it writes the table.
// Without it a small part of the matrix runs.
//
// pyHanko is found by ANTIN_PYTHON (else python3), the Java peers under interop/java and interop/verapdf after "mvn compile" there.
package interop
