// Package register gives documents their number and date, and keeps the register of outgoing documents (sổ đăng ký văn bản đi).
//
// A series is the numbers of one agency, one kind of document and one year of Asia/Ho_Chi_Minh. It begins at 01 and has no gap: a number
// is taken in the transaction that needs it ([TakeTx]), so that what is rolled back has taken none, and the same thing asking twice is
// given the same number. What is given never changes: number, notation and day are kept as they were printed.
//
// What holds of numbers (Decree 30/2020/NĐ-CP, Article 15):
//
//   - they follow the order in time in which documents are issued, from 01 on 1 January to 31 December. A day before that of the last
//     number, or in a year that is over, is refused unless [Taking.Backdated] says why; a day to come is refused always
//   - number and notation are unique in an agency's year, on paper and electronically alike: a paper takes its number here too
//   - the system gives them (15.3): nobody types one
//
// The notation (Appendix I, II.3) is the abbreviation of the kind and that of the agency, "05/QĐ-UBND"; a letter (công văn) has the
// agency's and that of the unit that drafted it, "05/UBND-KT". Kinds are data with dates (kinds.tsv), and so are the columns of the
// printed register (forms.tsv; Appendix IV, Article 16).
//
// Who sees it: whoever may read the agency's documents, that is its clerk (văn thư). The pages are /so-van-ban and its print.
package register
