package pkitest

import (
	"crypto"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/trust"
)

// TrustedList writes a trusted list (ETSI TS 119 612) and signs it with the certificate and key given. Providers are taken in order from the
// services; of a service's certificates each becomes an identity, its last period the current status, the others its history. What a
// scheme has to say beside that is made up.
func TrustedList(l *trust.List, key crypto.Signer, signer *certpath.Certificate) ([]byte, error) {
	w := &listWriter{}
	w.line(`<?xml version="1.0" encoding="UTF-8"?>`)
	w.line(`<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" xmlns:tsl="http://uri.etsi.org/02231/v2/additionaltypes#" Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag">`)
	w.line(`<SchemeInformation><TSLVersionIdentifier>%d</TSLVersionIdentifier><TSLSequenceNumber>%d</TSLSequenceNumber><TSLType>%s</TSLType>`,
		l.Version, l.Sequence, escape(l.Type))
	w.line(`<SchemeOperatorName>%s</SchemeOperatorName>`, w.name(l.Operator))
	w.line(`<SchemeOperatorAddress>%s</SchemeOperatorAddress>`, address)
	w.line(`<SchemeName>%s</SchemeName><SchemeInformationURI>%s</SchemeInformationURI>`, w.name(l.Territory+":test scheme"), uri)
	w.line(`<StatusDeterminationApproach>http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/test</StatusDeterminationApproach>`)
	w.line(`<SchemeTypeCommunityRules>%s</SchemeTypeCommunityRules><SchemeTerritory>%s</SchemeTerritory>`, uri, escape(l.Territory))
	w.line(`<PolicyOrLegalNotice><TSLLegalNotice xml:lang="en">For tests. Worth nothing.</TSLLegalNotice></PolicyOrLegalNotice>`)
	w.line(`<HistoricalInformationPeriod>65535</HistoricalInformationPeriod>`)
	if len(l.Pointers) > 0 {
		w.line(`<PointersToOtherTSL>`)
		for _, p := range l.Pointers {
			w.line(`<OtherTSLPointer><ServiceDigitalIdentities>`)
			for _, c := range p.Signers {
				w.line(`<ServiceDigitalIdentity><DigitalId><X509Certificate>%s</X509Certificate></DigitalId></ServiceDigitalIdentity>`, base64.StdEncoding.EncodeToString(c.Raw))
			}
			w.line(`</ServiceDigitalIdentities><TSLLocation>%s</TSLLocation><AdditionalInformation>`, escape(p.Location))
			w.line(`<OtherInformation><TSLType>%s</TSLType></OtherInformation>`, escape(p.Type))
			w.line(`<OtherInformation><SchemeTerritory>%s</SchemeTerritory></OtherInformation>`, escape(p.Territory))
			w.line(`<OtherInformation><tsl:MimeType>application/vnd.etsi.tsl+xml</tsl:MimeType></OtherInformation></AdditionalInformation></OtherTSLPointer>`)
		}
		w.line(`</PointersToOtherTSL>`)
	}
	next := ""
	if !l.NextUpdate.IsZero() {
		next = "<dateTime>" + utc(l.NextUpdate) + "</dateTime>"
	}
	w.line(`<ListIssueDateTime>%s</ListIssueDateTime><NextUpdate>%s</NextUpdate></SchemeInformation>`, utc(l.Issued), next)
	if len(l.Services) > 0 {
		w.line(`<TrustServiceProviderList>`)
		for i, s := range l.Services {
			if i == 0 || l.Services[i-1].Provider != s.Provider {
				w.line(`<TrustServiceProvider><TSPInformation><TSPName>%s</TSPName><TSPAddress>%s</TSPAddress><TSPInformationURI>%s</TSPInformationURI></TSPInformation><TSPServices>`,
					w.name(s.Provider), address, uri)
			}
			w.service(s)
			if i == len(l.Services)-1 || l.Services[i+1].Provider != s.Provider {
				w.line(`</TSPServices></TrustServiceProvider>`)
			}
		}
		w.line(`</TrustServiceProviderList>`)
	}
	w.b.WriteString("</TrustServiceStatusList>\n")
	return SignXML([]byte(w.b.String()), key, XMLSignature{Certificates: []*certpath.Certificate{signer}})
}

const (
	uri     = `<URI xml:lang="en">https://example.test/</URI>`
	address = `<PostalAddresses><PostalAddress xml:lang="en"><StreetAddress>1 Test Street</StreetAddress><Locality>Hanoi</Locality><CountryName>VN</CountryName>` +
		`</PostalAddress></PostalAddresses><ElectronicAddress>` + uri + `</ElectronicAddress>`
)

type listWriter struct{ b strings.Builder }

func (w *listWriter) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

func (w *listWriter) name(s string) string { return `<Name xml:lang="en">` + escape(s) + `</Name>` }

func (w *listWriter) service(s trust.Service) {
	var identity, keyID strings.Builder
	for _, c := range s.Certificates {
		fmt.Fprintf(&identity, `<DigitalId><X509Certificate>%s</X509Certificate></DigitalId>`, base64.StdEncoding.EncodeToString(c.Raw))
		fmt.Fprintf(&keyID, `<DigitalId><X509SKI>%s</X509SKI></DigitalId>`, base64.StdEncoding.EncodeToString(c.SubjectKeyID))
	}
	period := func(element, identity string, p trust.Period) {
		w.line(`<%s><ServiceTypeIdentifier>%s</ServiceTypeIdentifier><ServiceName>%s</ServiceName><ServiceDigitalIdentity>%s</ServiceDigitalIdentity>`+
			`<ServiceStatus>%s</ServiceStatus><StatusStartingTime>%s</StatusStartingTime></%s>`,
			element, escape(p.Type), w.name(s.Name), identity, escape(p.Status), utc(p.From), element)
	}
	w.line(`<TSPService>`)
	last := len(s.Periods) - 1
	period("ServiceInformation", identity.String(), s.Periods[last])
	if last > 0 {
		w.line(`<ServiceHistory>`)
		for i := last - 1; i >= 0; i-- { // newest first, as lists have it
			period("ServiceHistoryInstance", keyID.String(), s.Periods[i])
		}
		w.line(`</ServiceHistory>`)
	}
	w.line(`</TSPService>`)
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return "" // a builder takes everything
	}
	return b.String()
}
