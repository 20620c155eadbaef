//! The evidence of a compliant verdict, checked by somebody who trusts nothing but the request's certificates and
//! OpenSSL: every step verifies, and the steps lead from what the operator gave as reference to the subject.

use std::collections::{HashMap, HashSet};

use openssl::ec::EcKey;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Public};
use openssl::x509::X509;
use serde_json::Value;

use mint::{Cert, cert::oid, der, hex};
use same_ca::protocol::{Evidence, EvidenceKind, Hex, Proof, Relation, Report, Sha256Hex, Status};

type Certificates = HashMap<Sha256Hex, (X509, Cert)>;

/// Checks the evidence of every compliant subject of a report.
pub fn recheck(request: &Value, report: &Report) {
    let mut at_hand = Certificates::new();
    gather(request, &mut at_hand);
    for subject in report
        .subjects
        .iter()
        .filter(|subject| subject.status == Some(Status::Compliant))
    {
        match subject.relation {
            Some(Relation::Same | Relation::Rollover | Relation::KeyOnly) => {
                let certificate = subject
                    .certificate
                    .as_ref()
                    .expect("a compliant subject has a certificate")
                    .sha256;
                prove(&at_hand, report, request, &subject.evidence, certificate, subject.proof);
            }
            // A weaker proof has nothing to check, and says so.
            Some(Relation::Unproven | Relation::NameOnly) => {
                let codes: Vec<String> = subject
                    .findings
                    .iter()
                    .map(|finding| super::word(&finding.code))
                    .collect();
                assert!(
                    codes.contains(&"weak-evidence".to_owned()),
                    "compliant without evidence: {codes:?}"
                );
            }
            other => panic!("compliant although {other:?}"),
        }
    }
}

fn prove(
    at_hand: &Certificates,
    report: &Report,
    request: &Value,
    steps: &[Evidence],
    subject: Sha256Hex,
    proof: Option<Proof>,
) {
    let members: HashSet<Sha256Hex> = report
        .reference
        .members
        .iter()
        .filter_map(|member| Some(member.certificate.as_ref()?.sha256))
        .collect();
    if proof == Some(Proof::Identical) {
        let [step] = steps else {
            panic!("identical is one step, found {}", steps.len())
        };
        assert_eq!(step.kind, EvidenceKind::Identical);
        assert_eq!(step.certificate, Some(subject));
        assert!(members.contains(&step.other_certificate.unwrap()) && step.other_certificate == step.certificate);
        return;
    }
    assert_eq!(proof, Some(Proof::Signature));
    let root = request["policy"]["level"] == "root";
    let pins = request.to_string();
    // Keys that are the reference's, and keys of a parent that signed for one of them.
    let (mut ours, mut parents) = (HashSet::new(), HashSet::new());
    let mut proven = false;
    for step in steps {
        let (signed, signer) = (step.certificate, step.signer_key_sha256);
        if !matches!(step.kind, EvidenceKind::Pin | EvidenceKind::PreviousHash) {
            verifies(at_hand, step);
        }
        match step.kind {
            EvidenceKind::Pin => {
                let key = signer.expect("a pin has a key");
                match signed {
                    Some(certificate) => {
                        assert!(members.contains(&certificate), "a pin that nobody gave");
                        assert_eq!(key_of(at_hand, certificate), key);
                    }
                    None => assert!(pins.contains(&key.to_string()), "a pinned key that nobody gave"),
                }
                ours.insert(key);
            }
            // At level root the steps of a path are no business of this check but for their signatures.
            EvidenceKind::Issued if root => proven |= signed == Some(subject),
            EvidenceKind::Issued => {
                let key = signer.expect("an issued step has a signer");
                let certificate = signed.expect("an issued step has a certificate");
                if ours.is_empty() {
                    assert!(members.contains(&certificate), "evidence must begin with a member");
                    ours.insert(key);
                }
                assert!(ours.contains(&key), "issued by a key that nothing joined: {steps:#?}");
                proven |= certificate == subject;
            }
            EvidenceKind::Link => {
                let (key, certificate) = (signer.unwrap(), signed.unwrap());
                let mine = key_of(at_hand, certificate);
                // Signed by a key that belongs, or over one that belongs by a key in a trusted certificate.
                let family = if parents.contains(&key) || parents.contains(&mine) {
                    &mut parents
                } else {
                    &mut ours
                };
                assert!(
                    family.contains(&key) || family.contains(&mine),
                    "a link from nowhere: {steps:#?}"
                );
                family.extend([key, mine]);
            }
            EvidenceKind::CommonParent => {
                let (key, certificate) = (signer.unwrap(), signed.unwrap());
                let mine = key_of(at_hand, certificate);
                if ours.contains(&mine) {
                    parents.insert(key);
                } else {
                    assert!(
                        parents.contains(&key),
                        "no parent of the reference's signed it: {steps:#?}"
                    );
                    ours.insert(mine);
                }
            }
            EvidenceKind::PreviousHash => {
                let (before, later) = (signed.unwrap(), step.other_certificate.unwrap());
                let value = at_hand[&later]
                    .1
                    .extension(oid::PREVIOUS_CA_HASH)
                    .expect("a previous hash");
                let sha1 = hash(MessageDigest::sha1(), at_hand[&before].1.der()).unwrap();
                assert_eq!(hex(der::read(value).0.body), hex(&sha1), "the hash is another's");
                let after = key_of(at_hand, later);
                let family = if parents.contains(&after) {
                    &mut parents
                } else {
                    &mut ours
                };
                assert!(family.contains(&after), "the hash of a stranger: {steps:#?}");
                family.insert(key_of(at_hand, before));
            }
            EvidenceKind::Identical => panic!("identical beside a signature"),
        }
    }
    assert!(proven, "nothing leads to the subject: {steps:#?}");
}

fn verifies(at_hand: &Certificates, step: &Evidence) {
    let (signed, _) = &at_hand[&step.certificate.expect("a step says what was signed")];
    let key = step.signer_key_sha256.expect("a step says by which key");
    let holder = step.signer_certificate.map(|sha256| &at_hand[&sha256].0);
    let holder = holder.expect("a step says which certificate carries the key");
    let public = holder.public_key().unwrap();
    assert_eq!(identity(&public), key);
    assert!(signed.verify(&public).unwrap(), "OpenSSL does not verify {step:#?}");
}

fn key_of(at_hand: &Certificates, certificate: Sha256Hex) -> Sha256Hex {
    identity(&at_hand[&certificate].0.public_key().unwrap())
}

/// SHA-256 of the SubjectPublicKeyInfo with NULL parameters for RSA and an uncompressed point for EC.
fn identity(public: &PKey<Public>) -> Sha256Hex {
    let plain = match (public.rsa(), public.ec_key()) {
        (Ok(rsa), _) => PKey::from_rsa(rsa).unwrap(),
        (_, Ok(ec)) => PKey::from_ec_key(EcKey::from_public_key(ec.group(), ec.public_key()).unwrap()).unwrap(),
        _ => public.clone(),
    };
    Hex(openssl::sha::sha256(&plain.public_key_to_der().unwrap()))
}

/// Every certificate of a request, wherever it stands.
fn gather(value: &Value, into: &mut Certificates) {
    match value {
        Value::String(text) if text.contains("BEGIN CERTIFICATE") => {
            for certificate in X509::stack_from_pem(text.as_bytes()).unwrap_or_default() {
                add(certificate, into);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| gather(value, into)),
        Value::Object(map) => {
            if let Some(Value::String(der)) = map.get("der") {
                let der = openssl::base64::decode_block(der).unwrap();
                X509::from_der(&der)
                    .into_iter()
                    .for_each(|certificate| add(certificate, into));
            }
            map.values().for_each(|value| gather(value, into));
        }
        _ => {}
    }
}

fn add(certificate: X509, into: &mut Certificates) {
    let der = certificate.to_der().unwrap();
    into.insert(Hex(openssl::sha::sha256(&der)), (certificate, Cert::from_der(&der)));
}
