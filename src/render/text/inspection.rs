//! What sources hold.

use std::io::{self, Write};

use crate::protocol::inspection::{InspectedCertificate, InspectedSource, Inspection};
use crate::protocol::values::counted;
use crate::protocol::{CertificateFacts, Timestamp};
use crate::render::words::{ending, name, time};

use super::findings::findings;
use super::lines::{Lines, Tone, called};

/// Writes what sources hold.
pub fn inspection(inspection: &Inspection, now: Timestamp, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Lines { out, colour };
    let mut first = true;
    for subject in &inspection.subjects {
        for source in &subject.sources {
            if !std::mem::take(&mut first) {
                lines.blank()?;
            }
            inspected_source(&mut lines, &called(&subject.name, subject.use_.as_deref()), source, now)?;
        }
    }
    Ok(())
}

fn inspected_source(lines: &mut Lines<'_>, subject: &str, source: &InspectedSource, now: Timestamp) -> io::Result<()> {
    let format = source
        .format
        .as_deref()
        .map(|format| format!("{format}, "))
        .unwrap_or_default();
    let certificates = counted(source.certificates.len(), "certificate", "certificates");
    let keys = counted(source.private_keys, "private key", "private keys");
    let holds = format!("  {format}{certificates}, {keys}");
    // A single source is its subject's name already; `-` only says what the source says in words.
    let named = if subject == source.source || subject == "-" {
        String::new()
    } else {
        format!("{subject}: ")
    };
    lines.line(
        0,
        &[(Tone::Bold, &named), (Tone::Bold, &source.source), (Tone::Dim, &holds)],
    )?;
    for (index, certificate) in source.certificates.iter().enumerate() {
        inspected_certificate(lines, index + 1, certificate, now)?;
    }
    findings(lines, 2, &source.findings)
}

fn inspected_certificate(
    lines: &mut Lines<'_>,
    number: usize,
    certificate: &InspectedCertificate,
    now: Timestamp,
) -> io::Result<()> {
    let facts = &certificate.facts;
    let chosen = if certificate.chosen {
        "  stands for the source"
    } else {
        ""
    };
    let number = format!("{number}. ");
    lines.line(
        2,
        &[
            (Tone::Dim, &number),
            (Tone::Bold, name(&facts.subject)),
            (Tone::Good, chosen),
        ],
    )?;
    let mut field = |label: &str, value: &str| lines.field(5, label, &[(Tone::Plain, value)]);
    field("issuer", name(&facts.issuer))?;
    field("serial", &facts.serial_number)?;
    field("valid from", &time(facts.not_before))?;
    field("expires", &ending(facts.not_after, now))?;
    if let Some(there) = certificate.private_key {
        field("private key", if there { "present" } else { "absent" })?;
    }
    field("key", &key(facts))?;
    field("key sha256", &facts.key_sha256.to_string())?;
    field("signature", &facts.signature_algorithm)?;
    field("is a CA", if facts.is_ca { "yes" } else { "no" })?;
    for (label, values) in [
        ("names", names(&facts.subject_alternative_names)),
        ("key usage", facts.key_usage.join(", ")),
        ("ext. usage", facts.extended_key_usage.join(", ")),
        ("CRL", facts.crl_distribution_points.join(", ")),
        ("CA issuers", facts.ca_issuers.join(", ")),
    ] {
        if !values.is_empty() {
            field(label, &values)?;
        }
    }
    let template = facts.template.as_ref().map(|template| match &facts.template_version {
        Some(version) => format!("{template} {version}"),
        None => template.clone(),
    });
    for (label, value) in [
        ("subject id", &facts.subject_key_identifier),
        ("issuer id", &facts.authority_key_identifier),
        ("template", &template),
        ("CA version", &facts.ca_version),
        ("CA before", &facts.previous_ca_hash),
    ] {
        if let Some(value) = value {
            field(label, value)?;
        }
    }
    field("sha1", &facts.sha1.to_string())?;
    field("sha256", &facts.sha256.to_string())
}

/// Names in one line: a comma inside one is written as `\2c`, so that it is not taken for the end of the name.
pub(super) fn names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.replace(',', "\\2c")).collect();
    names.join(", ")
}

pub(super) fn key(facts: &CertificateFacts) -> String {
    let detail = match (&facts.key_curve, facts.key_bits) {
        (Some(curve), _) => format!(" {curve}"),
        (None, Some(bits)) => format!(" {bits} bits"),
        (None, None) => String::new(),
    };
    format!("{}{detail}", facts.key_algorithm)
}
