package vn.antin.interop;

import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.jaxb.XmlDigestMatcher;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.token.DSSPrivateKeyEntry;
import eu.europa.esig.dss.token.Pkcs12SignatureToken;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.xades.XAdESSignatureParameters;
import eu.europa.esig.dss.xades.signature.XAdESService;
import eu.europa.esig.dss.xades.tsl.AbstractTrustedListSignatureParametersBuilder;
import eu.europa.esig.dss.xades.tsl.TrustedListV5SignatureParametersBuilder;
import eu.europa.esig.dss.xades.tsl.TrustedListV6SignatureParametersBuilder;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * EU DSS as a peer for trusted lists: jobs as in {@link Dss}.
 *
 * <pre>
 * java vn.antin.interop.TrustedLists
 *   sign   5|6 DIGEST PKCS12 PASSWORD IN OUT   signs a list as TS 119 612 asks for
 *   verify FILE CERTIFICATE                    digests, and value, of its only signature
 * </pre>
 */
public final class TrustedLists {
	private TrustedLists() {
	}

	public static void main(String[] args) throws Exception {
		Locale.setDefault(Locale.ENGLISH);
		PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
		System.setOut(System.err); // only answers go to standard output
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			String[] job = line.split("\t", -1);
			Map<String, Object> answer = new LinkedHashMap<>();
			try {
				switch (job[0]) {
					case "sign" -> sign(job);
					case "verify" -> verify(job, answer);
					default -> throw new IllegalArgumentException("unknown job " + job[0]);
				}
			} catch (Exception | LinkageError e) {
				answer.put("error", e.toString());
			}
			out.println(Dss.json(answer));
		}
	}

	private static void sign(String[] job) throws Exception {
		DSSDocument list = new FileDocument(job[5]);
		char[] password = job[4].toCharArray();
		try (Pkcs12SignatureToken token = new Pkcs12SignatureToken(job[3], new KeyStore.PasswordProtection(password))) {
			DSSPrivateKeyEntry key = token.getKeys().get(0);
			AbstractTrustedListSignatureParametersBuilder builder = job[1].equals("5")
					? new TrustedListV5SignatureParametersBuilder(key.getCertificate(), list)
					: new TrustedListV6SignatureParametersBuilder(key.getCertificate(), list);
			builder.setDigestAlgorithm(DigestAlgorithm.valueOf(job[2]));
			XAdESSignatureParameters p = builder.build();
			XAdESService service = new XAdESService(new CommonCertificateVerifier(true));
			service.signDocument(list, p, token.sign(service.getDataToSign(list, p), p.getSignatureAlgorithm(), key)).save(job[6]);
		}
	}

	private static void verify(String[] job, Map<String, Object> answer) {
		CertificateToken signer = DSSUtils.loadCertificate(new File(job[2]));
		CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
		trusted.addCertificate(signer);
		CommonCertificateVerifier verifier = new CommonCertificateVerifier(true);
		verifier.addTrustedCertSources(trusted);
		SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(job[1]));
		validator.setCertificateVerifier(verifier);
		SignatureWrapper s = validator.validateDocument().getDiagnosticData().getSignatures().get(0);
		boolean references = !s.getDigestMatchers().isEmpty();
		for (XmlDigestMatcher d : s.getDigestMatchers()) {
			references &= d.isDataIntact();
		}
		answer.put("references", references);
		answer.put("value", s.isSignatureIntact());
	}
}
