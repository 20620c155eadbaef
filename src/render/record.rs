//! A record of a fleet as JSON: the bytes that serde_json writes, from code that knows which texts need no look.

use serde::Serialize;
use serde_json::Error;

use super::quick;
use crate::protocol::Hex;
use crate::protocol::fleet::{Record, RecordCertificate, RecordFinding, RecordIssuer, RecordSubject};

/// Adds a record to what is in memory.
pub(super) fn push(out: &mut Vec<u8>, record: &Record) -> Result<(), Error> {
    // As it was written.
    if record.details.is_some() {
        return serde_json::to_writer(out, record);
    }
    out.push(b'{');
    if let Some(node) = &record.node {
        text(out, b"\"node\":", node)?;
        out.push(b',');
    }
    if let Some(host) = &record.host {
        text(out, b"\"host\":", host)?;
        out.push(b',');
    }
    if let Some(requirement) = &record.requirement {
        text(out, b"\"requirement\":", requirement)?;
        out.push(b',');
    }
    if let Some(at) = record.collected_at {
        plain(out, b"\"collected_at\":\"", &at.text());
        out.extend_from_slice(b"\",");
    }
    plain(out, b"\"valid_at\":\"", &record.valid_at.text());
    plain(out, b"\",\"status\":\"", record.status.as_str().as_bytes());
    plain(out, b"\",\"state\":\"", record.state.as_str().as_bytes());
    out.push(b'"');
    if record.stale {
        out.extend_from_slice(b",\"stale\":true");
    }
    if record.from_future {
        out.extend_from_slice(b",\"from_future\":true");
    }
    if !record.hosts_of_node.is_empty() {
        value(out, b",\"hosts_of_node\":", &record.hosts_of_node)?;
    }
    if !record.waived_by.is_empty() {
        value(out, b",\"waived_by\":", &record.waived_by)?;
    }
    text(out, b",\"source\":", &record.source)?;
    if let Some(line) = record.line {
        value(out, b",\"line\":", &line)?;
    }
    digest(out, b",\"sha256\":\"", &record.sha256);
    text(out, b",\"reference\":", &record.reference)?;
    list(out, b",\"subjects\":[", &record.subjects, subject)?;
    out.push(b'}');
    Ok(())
}

fn subject(out: &mut Vec<u8>, subject: &RecordSubject) -> Result<(), Error> {
    text(out, b"{\"name\":", &subject.name)?;
    if let Some(use_) = &subject.use_ {
        text(out, b",\"use\":", use_)?;
    }
    if let Some(status) = subject.status {
        plain(out, b",\"status\":\"", status.as_str().as_bytes());
        out.push(b'"');
    }
    if let Some(relation) = subject.relation {
        plain(out, b",\"relation\":\"", relation.as_str().as_bytes());
        out.push(b'"');
    }
    if let Some(proof) = &subject.proof {
        value(out, b",\"proof\":", proof)?;
    }
    if let Some(by) = &subject.issued_by {
        out.extend_from_slice(b",\"issued_by\":");
        issuer(out, by)?;
    }
    if let Some(of_subject) = &subject.certificate {
        out.extend_from_slice(b",\"certificate\":");
        certificate(out, of_subject)?;
    }
    if !subject.findings.is_empty() {
        list(out, b",\"findings\":[", &subject.findings, finding)?;
    }
    out.push(b'}');
    Ok(())
}

fn issuer(out: &mut Vec<u8>, issuer: &RecordIssuer) -> Result<(), Error> {
    digest(out, b"{\"key_sha256\":\"", &issuer.key_sha256);
    if let Some(subject) = &issuer.subject {
        text(out, b",\"subject\":", subject)?;
    }
    value(out, b",\"key_from\":", &issuer.key_from)?;
    out.push(b'}');
    Ok(())
}

fn certificate(out: &mut Vec<u8>, certificate: &RecordCertificate) -> Result<(), Error> {
    text(out, b"{\"subject\":", &certificate.subject)?;
    text(out, b",\"issuer\":", &certificate.issuer)?;
    plain(out, b",\"not_before\":\"", &certificate.not_before.text());
    plain(out, b"\",\"not_after\":\"", &certificate.not_after.text());
    digest(out, b"\",\"sha1\":\"", &certificate.sha1);
    digest(out, b",\"sha256\":\"", &certificate.sha256);
    out.push(b'}');
    Ok(())
}

fn finding(out: &mut Vec<u8>, finding: &RecordFinding) -> Result<(), Error> {
    text(out, b"{\"code\":", &finding.code)?;
    plain(out, b",\"severity\":\"", finding.severity.as_str().as_bytes());
    text(out, b"\",\"message\":", &finding.message)?;
    if let Some(hint) = &finding.hint {
        text(out, b",\"hint\":", hint)?;
    }
    out.push(b'}');
    Ok(())
}

/// What stands before a text, and the text, quoted and escaped.
#[inline]
fn text(out: &mut Vec<u8>, before: &[u8], text: &str) -> Result<(), Error> {
    out.extend_from_slice(before);
    quick::string(out, text)
}

/// What stands before it, and what needs no escape.
#[inline]
fn plain(out: &mut Vec<u8>, before: &[u8], plain: &[u8]) {
    out.extend_from_slice(before);
    out.extend_from_slice(plain);
}

/// What stands before a digest, the digest and the quote that ends it.
#[inline]
fn digest<const N: usize>(out: &mut Vec<u8>, before: &[u8], digest: &Hex<N>) {
    plain(out, before, digest.digits().as_flattened());
    out.push(b'"');
}

/// What stands before any other value, and the value.
#[inline]
fn value(out: &mut Vec<u8>, before: &[u8], value: &impl Serialize) -> Result<(), Error> {
    out.extend_from_slice(before);
    quick::push(out, value)
}

/// What stands before a list, its elements and its end.
fn list<T>(
    out: &mut Vec<u8>,
    before: &[u8],
    list: &[T],
    push: fn(&mut Vec<u8>, &T) -> Result<(), Error>,
) -> Result<(), Error> {
    out.extend_from_slice(before);
    for (index, element) in list.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push(out, element)?;
    }
    out.push(b']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::value::RawValue;

    use super::*;
    use crate::protocol::fleet::State;
    use crate::protocol::{KeyFrom, Proof, Relation, Severity, Status, Timestamp};

    /// Bit by bit, each field that may be absent is there or not.
    fn record(bits: u32) -> Record {
        let there = |bit: u32| bits >> bit & 1 == 1;
        let time = |seconds: i64| Timestamp::from_unix(seconds + i64::from(bits));
        let finding = |index: u8| RecordFinding {
            code: "link-refused".into(),
            severity: [Severity::Info, Severity::Warning, Severity::Doubt, Severity::Error][usize::from(index) % 4],
            message: "says \"no\"\n".into(),
            hint: there(0).then(|| "look\u{2028}".into()),
        };
        let subject = |index: u8| RecordSubject {
            name: format!("fe01\\{index}").into(),
            use_: there(1).then(|| "Default".into()),
            status: there(2).then_some(Status::Undetermined),
            relation: there(3).then_some(Relation::NameOnly),
            proof: there(4).then_some(Proof::KeyIdentifier),
            issued_by: there(5).then(|| {
                Arc::new(RecordIssuer {
                    key_sha256: Hex([0x9a ^ index; 32]),
                    subject: there(6).then(|| "CN=Größe".into()),
                    key_from: KeyFrom::ReferenceDocument,
                })
            }),
            certificate: there(7).then(|| RecordCertificate {
                subject: "CN=a".into(),
                issuer: "CN=\u{7f}\u{1}".into(),
                not_before: time(-62_167_219_200),
                not_after: time(253_402_300_000),
                sha1: Hex(std::array::from_fn(|at| at as u8 * 13)),
                sha256: Hex(std::array::from_fn(|at| at as u8 * 8 + index)),
            }),
            findings: (0..u8::from(there(8)) * 4).map(finding).collect(),
        };
        Record {
            node: there(2).then(|| "fe01".into()),
            host: there(9).then(|| "FE01.contoso.com".into()),
            requirement: there(10).then(|| "".into()),
            collected_at: there(11).then(|| time(1_795_154_400)),
            valid_at: time(0),
            status: [Status::Compliant, Status::Noncompliant][usize::from(there(0))],
            state: State::ALL[bits as usize % 6],
            stale: there(12),
            from_future: there(3),
            hosts_of_node: vec!["a\"".into(); usize::from(there(5)) * 2].into(),
            waived_by: vec![7; usize::from(there(13)) * 2].into(),
            source: "a folder/fe01.json".into(),
            line: there(14).then_some(u64::MAX),
            sha256: Hex(std::array::from_fn(|at| !(at as u8))),
            reference: "00ff".into(),
            subjects: (0..(bits % 4) as u8).map(subject).collect(),
            details: there(15).then(|| RawValue::from_string(r#"[{"a": 1}]"#.into()).unwrap()),
        }
    }

    #[test]
    fn a_record_has_the_bytes_of_serde_json_whatever_it_lacks() {
        // Each field alone, each field missing, and much in between.
        let alone = (0..16).flat_map(|bit| [1 << bit | 3, !(1 << bit) & 0xffff]);
        for bits in alone.chain((0..0x1_0000).step_by(37)) {
            let record = record(bits);
            let mut out = Vec::new();
            push(&mut out, &record).unwrap();
            let expected = serde_json::to_string(&record).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{bits:b}");
        }
    }

    #[test]
    fn a_digest_has_each_digit() {
        let all = Hex::<256>(std::array::from_fn(|at| at as u8));
        let expected: String = (0..=255).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(all.digits().as_flattened(), expected.as_bytes());
    }
}
