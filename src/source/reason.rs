//! Why something could not be read, as texts of the table.

use crate::cert::CertificateError;
use crate::decode::DecodeError;
use crate::protocol::source::looks_like_host;
use crate::protocol::{Code, Finding, Phrase};

use super::tls::{Stage, TlsError};

/// That a source cannot be read.
pub(super) fn unreadable(label: &str, why: &str) -> Finding {
    let is_absent = why.starts_with("there is no such file") || why.starts_with("it cannot be the name");
    let server = is_absent.then(|| looks_like_host(label)).flatten();
    let finding = match server {
        Some(server) => Finding::of(Code::CertificateUnreadable, "meant-server").value("server", server),
        None => Finding::of(Code::CertificateUnreadable, "source"),
    };
    finding.value("source", label).phrase("why", file(why))
}

/// That bytes cannot be read.
pub(super) fn undecodable(label: &str, error: &DecodeError) -> Finding {
    Finding::of(Code::CertificateUnreadable, "decoded")
        .value("source", label)
        .phrase("why", decode(error))
}

/// Of a file or folder, in the words of the room of files.
pub(super) fn file(why: &str) -> Phrase {
    Phrase::named("file", why)
}

/// Of bytes.
pub(super) fn decode(error: &DecodeError) -> Phrase {
    match error {
        DecodeError::Empty => Phrase::of("decode.empty"),
        DecodeError::NotACertificate { found, .. } => {
            Phrase::of("decode.not-a-certificate").phrase("found", self::found(error, found))
        }
        DecodeError::NotAPrivateKey { found } => {
            Phrase::of("decode.not-a-private-key").phrase("found", self::found(error, found))
        }
        DecodeError::NoCertificate { container } => {
            Phrase::of("decode.no-certificate").phrase("container", Phrase::named("thing", container))
        }
        DecodeError::PasswordMissing => Phrase::of("decode.password-missing"),
        DecodeError::PasswordWrong => Phrase::of("decode.password-wrong"),
        DecodeError::PasswordUnchecked => Phrase::of("decode.password-unchecked"),
        DecodeError::KeyPasswordMissing => Phrase::of("decode.key-password-missing"),
        DecodeError::KeyPasswordWrong => Phrase::of("decode.key-password-wrong"),
        DecodeError::Damaged { what, detail } => Phrase::of("decode.damaged")
            .phrase("what", Phrase::named("thing", what))
            .phrase("detail", Phrase::named("flaw", detail)),
        DecodeError::TrailingBytes => Phrase::of("decode.trailing-bytes"),
        DecodeError::Unsupported { what } => Phrase::of("decode.unsupported").value("what", what),
        DecodeError::TooLarge { what, limit } => match *what {
            "password iterations" => Phrase::of("decode.iterations").value("limit", limit.to_string()),
            what => Phrase::of("decode.too-large")
                .phrase("what", Phrase::named("thing", what))
                .value("limit", limit.to_string()),
        },
    }
}

/// What was found in place of what was looked for.
fn found(error: &DecodeError, name: &str) -> Phrase {
    match error.holds_pem() {
        true => Phrase::of("found.text-with-pem").phrase("what", Phrase::named("found", name)),
        false => Phrase::named("found", name),
    }
}

/// Of a certificate.
pub(super) fn parse(error: &CertificateError) -> Phrase {
    match error {
        CertificateError::Empty => Phrase::of("parse.empty"),
        CertificateError::TooLarge { length, limit } => Phrase::of("parse.too-large")
            .value("length", length.to_string())
            .value("limit", limit.to_string()),
        CertificateError::Trailing { count } => Phrase::of("parse.trailing").value("count", count.to_string()),
        CertificateError::Malformed { part } => Phrase::of("parse.malformed").value("part", *part),
        CertificateError::Version { version } => Phrase::of("parse.version").value("version", version.to_string()),
    }
}

/// Of a TLS server.
pub(super) fn tls(error: &TlsError) -> Phrase {
    match error {
        TlsError::NotBuilt => Phrase::of("tls.not-built"),
        TlsError::InvalidName { what } => match *what {
            "host" => Phrase::of("tls.invalid-host"),
            _ => Phrase::of("tls.invalid-server-name"),
        },
        TlsError::ResolveFailed { .. } => Phrase::of("tls.resolve-failed"),
        TlsError::Refused => Phrase::of("tls.refused"),
        TlsError::Unreachable { .. } => Phrase::of("tls.unreachable"),
        TlsError::Local { .. } => Phrase::of("tls.local"),
        TlsError::Timeout { stage } => Phrase::of("tls.timeout").phrase("stage", self::stage(*stage)),
        TlsError::Reset { stage } => Phrase::of("tls.reset").phrase("stage", self::stage(*stage)),
        TlsError::NotTls { found } => Phrase::of("tls.not-tls").phrase("found", Phrase::named("found", found)),
        TlsError::Alert { name } => Phrase::of("tls.alert").value("name", *name),
        TlsError::Malformed { .. } => Phrase::of("tls.malformed"),
        TlsError::NoCertificate => Phrase::of("tls.no-certificate"),
        TlsError::StartTlsRefused { protocol, why, .. } => Phrase::of("tls.starttls-refused")
            .value("protocol", protocol.as_str())
            .phrase("why", Phrase::named("starttls", why)),
        TlsError::TooLarge { limit, unit } => Phrase::of("tls.too-large")
            .value("limit", limit.to_string())
            .phrase("unit", Phrase::named("thing", unit)),
    }
}

fn stage(stage: Stage) -> Phrase {
    match stage {
        Stage::Resolve => Phrase::of("tls.stage-resolve"),
        Stage::Connect => Phrase::of("tls.stage-connect"),
        Stage::StartTls => Phrase::of("tls.stage-starttls"),
        Stage::Hello => Phrase::of("tls.stage-hello"),
        Stage::Handshake => Phrase::of("tls.stage-handshake"),
    }
}
