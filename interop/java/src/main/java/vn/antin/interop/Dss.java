package vn.antin.interop;

import eu.europa.esig.dss.cades.CAdESSignatureParameters;
import eu.europa.esig.dss.cades.signature.CAdESService;
import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.PDFRevisionWrapper;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.jaxb.XmlObjectModification;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.EncryptionAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.enumerations.SignaturePackaging;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.pades.validation.PDFDocumentValidator;
import eu.europa.esig.dss.pdf.modifications.DefaultPdfDifferencesFinder;
import eu.europa.esig.dss.pdf.modifications.DefaultPdfObjectModificationsFinder;
import eu.europa.esig.dss.pdf.pdfbox.PdfBoxDefaultObjectFactory;
import eu.europa.esig.dss.service.crl.OnlineCRLSource;
import eu.europa.esig.dss.service.http.commons.CommonsDataLoader;
import eu.europa.esig.dss.service.http.commons.OCSPDataLoader;
import eu.europa.esig.dss.service.http.commons.TimestampDataLoader;
import eu.europa.esig.dss.service.ocsp.OnlineOCSPSource;
import eu.europa.esig.dss.service.tsp.OnlineTSPSource;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.aia.DefaultAIASource;
import eu.europa.esig.dss.token.DSSPrivateKeyEntry;
import eu.europa.esig.dss.token.Pkcs12SignatureToken;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * EU DSS as a peer: reads one job a line from standard input, fields separated by tabs, and answers each with a line of JSON.
 *
 * <pre>
 * java vn.antin.interop.Dss ROOT.der
 *   validate FILE [DETACHED [PASSWORD]]
 *   judge    FILE DETACHED ROOT.der yes|no TIME      (as of a time, ISO 8601; DETACHED and TIME may be empty; no: nothing is fetched)
 *   sign     LEVEL PACKAGING DIGEST ALGORITHM PKCS12 PASSWORD TSA IN OUT
 *   extend   LEVEL TSA IN OUT [DETACHED]
 *   time     FILE yes|no                      (PAdES, nothing fetched; with or without its comparison of revisions)
 * </pre>
 *
 * LEVEL is a name of {@link SignatureLevel}. Revocation data and issuers are fetched from the addresses in the certificates.
 */
public final class Dss {
	private final CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();

	private Dss(String root) {
		CertificateToken anchor = DSSUtils.loadCertificate(new File(root));
		trusted.addCertificate(anchor);
	}

	public static void main(String[] args) throws Exception {
		Locale.setDefault(Locale.ENGLISH);
		PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
		System.setOut(System.err); // only answers go to standard output
		Dss dss = new Dss(args[0]);
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			String[] job = line.split("\t", -1);
			Map<String, Object> answer = new LinkedHashMap<>();
			try {
				switch (job[0]) {
					case "validate" -> dss.validate(job, answer);
					case "judge" -> judge(job, answer);
					case "sign" -> dss.sign(job, answer);
					case "extend" -> dss.extend(job, answer);
					case "time" -> dss.time(job, answer);
					default -> throw new IllegalArgumentException("unknown job " + job[0]);
				}
			} catch (Exception | LinkageError e) {
				answer.put("error", e.toString());
			}
			out.println(json(answer));
		}
	}

	/** A verifier for one job: nothing is carried from one file to the next. */
	private CommonCertificateVerifier verifier() {
		return online(trusted);
	}

	private static CommonCertificateVerifier online(CommonTrustedCertificateSource anchors) {
		CommonCertificateVerifier verifier = new CommonCertificateVerifier(true);
		verifier.addTrustedCertSources(anchors);
		verifier.setAIASource(new DefaultAIASource(new CommonsDataLoader()));
		verifier.setOcspSource(new OnlineOCSPSource(new OCSPDataLoader()));
		verifier.setCrlSource(new OnlineCRLSource(new CommonsDataLoader()));
		return verifier;
	}

	/** Validates with another anchor, with or without the network, at another time. */
	private static void judge(String[] job, Map<String, Object> answer) {
		answer.put("file", job[1]);
		CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
		anchors.addCertificate(DSSUtils.loadCertificate(new File(job[3])));
		CommonCertificateVerifier offline = new CommonCertificateVerifier(true);
		offline.addTrustedCertSources(anchors);
		SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(job[1]));
		validator.setCertificateVerifier(job[4].equals("yes") ? online(anchors) : offline);
		if (!job[2].isEmpty()) {
			validator.setDetachedContents(List.of(new FileDocument(job[2])));
		}
		if (!job[5].isEmpty()) {
			validator.setValidationTime(Date.from(Instant.parse(job[5])));
		}
		report(validator, answer);
	}

	private void validate(String[] job, Map<String, Object> answer) {
		answer.put("file", job[1]);
		SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(job[1]));
		validator.setCertificateVerifier(verifier());
		if (job.length > 2 && !job[2].isEmpty()) {
			validator.setDetachedContents(List.of(new FileDocument(job[2])));
		}
		if (job.length > 3 && validator instanceof PDFDocumentValidator pdf) {
			pdf.setPasswordProtection(job[3].toCharArray());
		}
		report(validator, answer);
	}

	private static void report(SignedDocumentValidator validator, Map<String, Object> answer) {
		Reports reports = validator.validateDocument();
		SimpleReport simple = reports.getSimpleReport();
		DiagnosticData data = reports.getDiagnosticData();
		List<Object> signatures = new ArrayList<>();
		for (SignatureWrapper s : data.getSignatures()) {
			signatures.add(signature(s, simple));
		}
		answer.put("signatures", signatures);
		List<Object> timestamps = new ArrayList<>();
		for (String id : simple.getTimestampIdList()) {
			timestamps.add(Map.of("indication", String.valueOf(simple.getIndication(id))));
		}
		answer.put("timestamps", timestamps);
	}

	/** Validates with what the file holds and says how long that took. */
	private void time(String[] job, Map<String, Object> answer) {
		long start = System.nanoTime();
		PDFDocumentValidator validator = new PDFDocumentValidator(new FileDocument(job[1]));
		if (job[2].equals("no")) {
			PdfBoxDefaultObjectFactory factory = new PdfBoxDefaultObjectFactory();
			DefaultPdfDifferencesFinder differences = new DefaultPdfDifferencesFinder();
			differences.setMaximalPagesAmountForVisualComparison(0);
			factory.setPdfDifferencesFinder(differences);
			DefaultPdfObjectModificationsFinder objects = new DefaultPdfObjectModificationsFinder();
			objects.setMaximumObjectVerificationDeepness(0);
			factory.setPdfObjectModificationsFinder(objects);
			validator.setPdfObjFactory(factory);
		}
		CommonCertificateVerifier offline = new CommonCertificateVerifier(true);
		offline.addTrustedCertSources(trusted);
		validator.setCertificateVerifier(offline);
		SimpleReport simple = validator.validateDocument().getSimpleReport();
		answer.put("file", job[1]);
		answer.put("ms", (System.nanoTime() - start) / 1e6);
		answer.put("indication", String.valueOf(simple.getIndication(simple.getFirstSignatureId())));
	}

	private static Map<String, Object> signature(SignatureWrapper s, SimpleReport simple) {
		Map<String, Object> o = new LinkedHashMap<>();
		String id = s.getId();
		o.put("level", String.valueOf(simple.getSignatureFormat(id)));
		o.put("indication", String.valueOf(simple.getIndication(id)));
		o.put("sub_indication", simple.getSubIndication(id) == null ? "" : simple.getSubIndication(id).name());
		o.put("intact", s.isSignatureIntact());
		o.put("errors", keys(simple.getAdESValidationErrors(id)));
		o.put("warnings", keys(simple.getAdESValidationWarnings(id)));
		PDFRevisionWrapper revision = s.getPDFRevision();
		if (revision != null) {
			o.put("field", revision.getFirstFieldName());
			o.put("byte_range_valid", revision.isSignatureByteRangeValid());
			o.put("consistent", revision.isPdfSignatureDictionaryConsistent());
			o.put("pages", numbers(revision.getPdfPageDifferenceConcernedPages()));
			o.put("rendering", numbers(revision.getPdfVisualDifferenceConcernedPages()));
			o.put("overlap", numbers(revision.getPdfAnnotationsOverlapConcernedPages()));
			o.put("extension", modifications(revision.getPdfExtensionChanges()));
			o.put("form", modifications(revision.getPdfSignatureOrFormFillChanges()));
			o.put("annotation", modifications(revision.getPdfAnnotationChanges()));
			o.put("undefined", modifications(revision.getPdfUndefinedChanges()));
		}
		return o;
	}

	private void sign(String[] job, Map<String, Object> answer) throws Exception {
		SignatureLevel level = SignatureLevel.valueByName(job[1]);
		SignaturePackaging packaging = SignaturePackaging.valueOf(job[2]);
		DigestAlgorithm digest = DigestAlgorithm.valueOf(job[3]);
		OnlineTSPSource tsa = new OnlineTSPSource(job[7], new TimestampDataLoader());
		DSSDocument in = new FileDocument(job[8]);
		answer.put("file", job[9]);
		char[] password = job[6].toCharArray();
		try (Pkcs12SignatureToken token = new Pkcs12SignatureToken(job[5], new KeyStore.PasswordProtection(password))) {
			DSSPrivateKeyEntry key = token.getKeys().get(0);
			DSSDocument signed;
			if (level.name().startsWith("PAdES")) {
				PAdESSignatureParameters p = new PAdESSignatureParameters();
				fill(p, level, packaging, digest, job[4], key);
				PAdESService service = new PAdESService(verifier());
				service.setTspSource(tsa);
				signed = service.signDocument(in, p, token.sign(service.getDataToSign(in, p), p.getSignatureAlgorithm(), key));
			} else {
				CAdESSignatureParameters p = new CAdESSignatureParameters();
				fill(p, level, packaging, digest, job[4], key);
				CAdESService service = new CAdESService(verifier());
				service.setTspSource(tsa);
				signed = service.signDocument(in, p, token.sign(service.getDataToSign(in, p), p.getSignatureAlgorithm(), key));
			}
			signed.save(job[9]);
		}
	}

	private void extend(String[] job, Map<String, Object> answer) throws Exception {
		answer.put("file", job[4]);
		OnlineTSPSource tsa = new OnlineTSPSource(job[2], new TimestampDataLoader());
		if (job[1].startsWith("PAdES")) {
			PAdESSignatureParameters p = new PAdESSignatureParameters();
			p.setSignatureLevel(SignatureLevel.valueByName(job[1]));
			PAdESService service = new PAdESService(verifier());
			service.setTspSource(tsa);
			service.extendDocument(new FileDocument(job[3]), p).save(job[4]);
			return;
		}
		CAdESSignatureParameters p = new CAdESSignatureParameters();
		p.setSignatureLevel(SignatureLevel.valueByName(job[1]));
		if (job.length > 5 && !job[5].isEmpty()) {
			p.setDetachedContents(List.of(new FileDocument(job[5])));
		}
		CAdESService service = new CAdESService(verifier());
		service.setTspSource(tsa);
		service.extendDocument(new FileDocument(job[3]), p).save(job[4]);
	}

	private static void fill(CAdESSignatureParameters p, SignatureLevel level, SignaturePackaging packaging, DigestAlgorithm digest,
			String algorithm, DSSPrivateKeyEntry key) {
		p.setSignatureLevel(level);
		p.setSignaturePackaging(packaging);
		p.setSigningCertificate(key.getCertificate());
		p.setCertificateChain(key.getCertificateChain());
		p.setDigestAlgorithm(digest);
		p.setEncryptionAlgorithm(EncryptionAlgorithm.forName(algorithm));
	}

	private static List<Object> keys(List<Message> messages) {
		List<Object> all = new ArrayList<>();
		for (Message m : messages) {
			all.add(m.getKey() + ": " + m.getValue());
		}
		return all;
	}

	private static List<Object> numbers(List<BigInteger> pages) {
		return pages == null ? List.of() : new ArrayList<>(pages);
	}

	private static List<Object> modifications(List<XmlObjectModification> list) {
		List<Object> all = new ArrayList<>();
		if (list != null) {
			for (XmlObjectModification m : list) {
				all.add(m.getAction() + " " + m.getValue() + (m.getFieldName() == null ? "" : " field " + m.getFieldName()));
			}
		}
		return all;
	}

	static String json(Object o) {
		if (o instanceof Map<?, ?> map) {
			List<String> parts = new ArrayList<>();
			map.forEach((k, v) -> parts.add(json(String.valueOf(k)) + ":" + json(v)));
			return "{" + String.join(",", parts) + "}";
		}
		if (o instanceof List<?> list) {
			return "[" + String.join(",", list.stream().map(Dss::json).toList()) + "]";
		}
		if (o instanceof Boolean || o instanceof Number) {
			return o.toString();
		}
		StringBuilder b = new StringBuilder("\"");
		for (char c : String.valueOf(o).toCharArray()) {
			if (c == '"' || c == '\\') {
				b.append('\\').append(c);
			} else if (c < 0x20) {
				b.append(String.format("\\u%04x", (int) c));
			} else {
				b.append(c);
			}
		}
		return b.append('"').toString();
	}
}
