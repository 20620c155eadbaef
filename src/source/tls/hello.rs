//! The OpenSSL side of one reading: the hellos, the handshake, and what is seen of the server's messages.
//!
//! The certificates are taken from the handshake messages as they come, before OpenSSL parses or judges them. So they
//! are the bytes that were sent, all of them and in order, and they are had even where the handshake then fails.

use std::ffi::{c_int, c_void};
use std::sync::{Arc, OnceLock};

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::provider::Provider;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslRef, SslSessionCacheMode, SslStream, SslVerifyMode,
    SslVersion,
};
use openssl_sys as ffi;

use super::link::{Link, Stop};
use super::observation::Observation;
use super::{MAX_CERTIFICATES, MAX_CHAIN_BYTES, MAX_RECEIVED, Presented, Stage, TlsError};
use crate::cert::initialise_openssl;

/// A ClientHello, of the few that are tried. Each is small enough for one TCP segment: a hello in two, as a
/// post-quantum key share makes it, is what old servers and the boxes before them choke on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hello {
    /// TLS 1.0 to 1.3 with everything that OpenSSL has and that comes with a certificate.
    Full,
    /// TLS 1.0 to 1.2 as of 2010, with fewer suites than the 64 that Windows Server 2003 looks at.
    Plain,
    /// TLS 1.0 only, without elliptic curves and almost without extensions.
    Oldest,
    /// TLS 1.0 to 1.2 with the suites that no other hello offers: without encryption, anonymous, pre-shared keys. Some
    /// of these come with a certificate; choosing another tells that the server has none.
    Uncertified,
}

impl Hello {
    /// The order in which they are tried.
    pub(super) const LADDER: [Self; 4] = [Self::Full, Self::Plain, Self::Oldest, Self::Uncertified];

    fn context(self) -> Result<&'static SslContext, TlsError> {
        static CONTEXTS: [OnceLock<Result<SslContext, String>>; 4] =
            [OnceLock::new(), OnceLock::new(), OnceLock::new(), OnceLock::new()];
        let [full, plain, oldest, uncertified] = &CONTEXTS;
        let context = match self {
            Self::Full => full,
            Self::Plain => plain,
            Self::Oldest => oldest,
            Self::Uncertified => uncertified,
        };
        let built = context.get_or_init(|| {
            initialise();
            self.build().map_err(|error| error.to_string())
        });
        built.as_ref().map_err(|error| TlsError::Local {
            detail: Some(error.clone()),
        })
    }

    fn build(self) -> Result<SslContext, ErrorStack> {
        let mut context = SslContextBuilder::new(SslMethod::tls_client())?;
        // The old suites, the short keys and the SHA-1 signatures are all below the level that is usual.
        context.set_security_level(0);
        context.set_verify(SslVerifyMode::NONE);
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        context.set_options(SslOptions::ALL | SslOptions::from_bits_retain(OLD_SERVERS));
        context.set_min_proto_version(Some(SslVersion::TLS1))?;
        match self {
            Self::Full => {
                context.set_cipher_list("ALL:!aNULL:!eNULL:!PSK:!SRP")?;
                context.set_ciphersuites(TLS13_SUITES)?;
                context.set_groups_list(FULL_GROUPS)?;
                context.set_sigalgs_list(FULL_SIGNATURES)?;
            }
            Self::Plain => {
                context.set_max_proto_version(Some(SslVersion::TLS1_2))?;
                context.set_cipher_list(PLAIN_SUITES)?;
                context.set_groups_list("P-256:P-384:P-521")?;
                context.set_sigalgs_list(PLAIN_SIGNATURES)?;
                context.set_options(SslOptions::NO_TICKET | SslOptions::from_bits_retain(NO_NEW_EXTENSIONS));
                context.clear_options(SslOptions::from_bits_retain(PADDING));
            }
            Self::Oldest => {
                context.set_max_proto_version(Some(SslVersion::TLS1))?;
                context.set_cipher_list(OLDEST_SUITES)?;
                context.set_options(SslOptions::NO_TICKET | SslOptions::from_bits_retain(NO_NEW_EXTENSIONS));
                context.clear_options(SslOptions::from_bits_retain(PADDING));
            }
            Self::Uncertified => {
                context.set_max_proto_version(Some(SslVersion::TLS1_2))?;
                context.set_cipher_list("aNULL:eNULL:PSK")?;
                context.set_groups_list("P-256:P-384:P-521:X25519")?;
                context.set_sigalgs_list(PLAIN_SIGNATURES)?;
                // No key is known, so the handshake ends there; that the server came so far is what is asked.
                context.set_psk_client_callback(|_, _, _, _| Ok(0));
            }
        }
        // SAFETY: the context is alive and used by nobody else yet; both callbacks have the signatures that OpenSSL
        // documents, keep none of their arguments and do not unwind.
        unsafe {
            SSL_CTX_set_msg_callback(context.as_ptr(), Some(on_message));
            SSL_CTX_set_cert_verify_callback(context.as_ptr(), Some(on_verify), std::ptr::null_mut());
            let limit = std::ffi::c_long::try_from(MAX_CHAIN_BYTES).unwrap_or(std::ffi::c_long::MAX);
            ffi::SSL_CTX_ctrl(
                context.as_ptr(),
                SSL_CTRL_SET_MAX_CERT_LIST,
                limit,
                std::ptr::null_mut(),
            );
        }
        Ok(context.build())
    }
}

/// Shakes hands over `link` until the certificates are read, and then on as far as it goes: a handshake that is carried
/// through leaves no error in the server's log.
pub(super) fn shake(hello: Hello, server_name: Option<&str>, mut link: Link) -> Result<Presented, TlsError> {
    let local = |error: ErrorStack| TlsError::Local {
        detail: Some(error.to_string()),
    };
    let observation = Arc::new(Observation::default());
    link.begin_tls(Arc::clone(&observation));
    let mut ssl = Ssl::new(hello.context()?).map_err(local)?;
    if let Some(name) = server_name {
        ssl.set_hostname(name).map_err(local)?;
    }
    ssl.set_ex_data(observation_index().map_err(local)?, Arc::clone(&observation));
    let mut stream = SslStream::new(ssl, link).map_err(local)?;
    let outcome = stream.connect();
    if outcome.is_ok() {
        // A server that does not take the farewell is no worse read.
        let _ = stream.shutdown();
    }

    // Taken out whole: the connection looks at it too, and may be needed once more.
    let seen = std::mem::take(&mut *observation.seen());
    if let Some(certificates) = seen.certificates.filter(|certificates| !certificates.is_empty()) {
        let wrong = |error: &openssl::ssl::Error| {
            let stack = error.ssl_error().map(ErrorStack::errors).unwrap_or_default();
            stack
                .iter()
                .any(|error| error.library_code() == ERR_LIB_SSL && error.reason_code() == SSL_R_BAD_SIGNATURE)
        };
        let possession_proven = outcome.is_ok() || (seen.possession_proven && hello != Hello::Uncertified);
        return Ok(Presented {
            certificates,
            client_certificate_required: seen.certificate_request,
            possession_proven,
            possession_failed: !possession_proven && seen.signed && outcome.as_ref().is_err_and(wrong),
            protocol: seen.protocol,
        });
    }
    stream.get_mut().last_words();
    let link = stream.get_ref();
    let error = outcome.err();
    let reason = error
        .as_ref()
        .and_then(|error| error.ssl_error())
        .and_then(|stack| stack.errors().first());
    Err(if seen.too_many {
        TlsError::TooLarge {
            limit: MAX_CERTIFICATES,
            unit: "certificates",
        }
    } else if link.stop == Some(Stop::TooLarge) {
        TlsError::TooLarge {
            limit: MAX_RECEIVED,
            unit: "bytes",
        }
    } else if reason.is_some_and(|reason| reason.reason_code() == SSL_R_EXCESSIVE_MESSAGE_SIZE) && seen.server_hello {
        TlsError::TooLarge {
            limit: MAX_CHAIN_BYTES,
            unit: "bytes in one TLS message",
        }
    } else if seen.uncertified || error.is_none() {
        TlsError::NoCertificate
    } else if let Some(alert) = seen.alert {
        TlsError::Alert {
            name: alert_name(alert),
        }
    } else if let Some(found) = link.not_tls() {
        TlsError::NotTls { found }
    } else {
        let stage = if seen.server_hello {
            Stage::Handshake
        } else {
            Stage::Hello
        };
        match link.stop {
            Some(Stop::Timeout) => TlsError::Timeout { stage },
            Some(Stop::Closed | Stop::TooLarge) => TlsError::Reset { stage },
            None => TlsError::Malformed {
                detail: error.map(|error| error.to_string()),
            },
        }
    })
}

/// IANA, "TLS Alerts".
fn alert_name(description: u8) -> &'static str {
    match description {
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => "unknown",
    }
}

const TLS13_SUITES: &str = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:\
    TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256";

/// `*`: with a key share; `?`: if this OpenSSL has it. A server that wants another of them asks for its share.
const FULL_GROUPS: &str = "*X25519:*P-256:P-384:P-521:X448:?X25519MLKEM768:?SecP256r1MLKEM768:?SecP384r1MLKEM1024:\
    ?secp256k1:?brainpoolP256r1:?brainpoolP384r1:?brainpoolP512r1:?sect571r1:?sect409r1:?sect283r1:?sect233r1:\
    ?secp224r1:?secp192r1:?ffdhe2048:?ffdhe3072:?ffdhe4096";

const FULL_SIGNATURES: &str = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:rsa_pss_rsae_sha256:\
    rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA+SHA256:\
    RSA+SHA384:RSA+SHA512:?ecdsa_brainpoolP256r1_sha256:?ecdsa_brainpoolP384r1_sha384:?ecdsa_brainpoolP512r1_sha512:\
    ?mldsa44:?mldsa65:?mldsa87:ECDSA+SHA224:RSA+SHA224:DSA+SHA256:DSA+SHA384:DSA+SHA512:DSA+SHA224:ECDSA+SHA1:RSA+SHA1:\
    DSA+SHA1";

const PLAIN_SIGNATURES: &str = "RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA+SHA1:\
    ECDSA+SHA1:DSA+SHA256:DSA+SHA1";

/// What Windows has had as default from Server 2003 to 2012 R2, RSA first.
const PLAIN_SUITES: &str = "AES128-SHA:AES256-SHA:DES-CBC3-SHA:RC4-SHA:RC4-MD5:AES128-SHA256:AES256-SHA256:\
    AES128-GCM-SHA256:AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA:\
    ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256:\
    ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:DHE-RSA-AES128-SHA:DHE-RSA-AES256-SHA:DHE-RSA-AES128-GCM-SHA256:\
    DHE-RSA-AES256-GCM-SHA384:DHE-DSS-AES128-SHA:DHE-DSS-AES256-SHA:ECDHE-RSA-DES-CBC3-SHA:ECDHE-RSA-RC4-SHA:\
    ECDHE-ECDSA-DES-CBC3-SHA:ECDHE-ECDSA-RC4-SHA:DHE-RSA-DES-CBC3-SHA:DHE-DSS-DES-CBC3-SHA";

const OLDEST_SUITES: &str = "AES128-SHA:AES256-SHA:DES-CBC3-SHA:RC4-SHA:RC4-MD5:DHE-RSA-AES128-SHA:DHE-RSA-AES256-SHA:\
    DHE-RSA-DES-CBC3-SHA:DHE-DSS-AES128-SHA:DHE-DSS-AES256-SHA:DHE-DSS-DES-CBC3-SHA";

// Options of ssl.h that the crates do not all name: servers without RFC 5746, padding against the hello lengths of 256
// to 511 bytes at which old load balancers hang (RFC 7685), and the extensions of RFC 7627 and RFC 7366.
const OLD_SERVERS: u64 = 1 << 2 | 1 << 18;
const PADDING: u64 = 1 << 4;
const NO_NEW_EXTENSIONS: u64 = 1 | 1 << 19;

// Of ssl.h and sslerr.h.
const SSL_CTRL_SET_MAX_CERT_LIST: c_int = 51;
const SSL_R_EXCESSIVE_MESSAGE_SIZE: c_int = 152;
const ERR_LIB_SSL: c_int = 20;
const SSL_R_BAD_SIGNATURE: c_int = 123;
const SSL3_RT_ALERT: c_int = 21;
const SSL3_RT_HANDSHAKE: c_int = 22;

/// Sets OpenSSL up, once a process and only when something is read, with RC4, which OpenSSL 3 keeps among its legacy
/// algorithms.
pub(super) fn initialise() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        initialise_openssl();
        // An OpenSSL without it reads every server but those that have nothing but RC4.
        if let Ok(legacy) = Provider::try_load(None, "legacy", true) {
            // To be dropped is to be unloaded.
            std::mem::forget(legacy);
        }
    });
}

/// Where an `Ssl` keeps its [`Observation`].
fn observation_index() -> Result<Index<Ssl, Arc<Observation>>, ErrorStack> {
    static INDEX: OnceLock<Result<Index<Ssl, Arc<Observation>>, ErrorStack>> = OnceLock::new();
    INDEX.get_or_init(Ssl::new_ex_index).clone()
}

type OnMessage = unsafe extern "C" fn(c_int, c_int, c_int, *const c_void, usize, *mut ffi::SSL, *mut c_void);
type OnVerify = unsafe extern "C" fn(*mut ffi::X509_STORE_CTX, *mut c_void) -> c_int;

unsafe extern "C" {
    // Both are in ssl.h of every OpenSSL since 1.0, and not in openssl-sys.
    fn SSL_CTX_set_msg_callback(context: *mut ffi::SSL_CTX, callback: Option<OnMessage>);
    fn SSL_CTX_set_cert_verify_callback(context: *mut ffi::SSL_CTX, callback: Option<OnVerify>, argument: *mut c_void);
}

/// Sees each handshake message whole and decrypted, before OpenSSL parses it, and each alert.
unsafe extern "C" fn on_message(
    sent: c_int,
    version: c_int,
    kind: c_int,
    message: *const c_void,
    length: usize,
    ssl: *mut ffi::SSL,
    _argument: *mut c_void,
) {
    if sent != 0 || message.is_null() || ssl.is_null() || !matches!(kind, SSL3_RT_ALERT | SSL3_RT_HANDSHAKE) {
        return;
    }
    // SAFETY: OpenSSL calls with a live SSL and with `length` readable bytes that stay as they are during the call.
    let (ssl, message) = unsafe {
        (
            SslRef::from_ptr(ssl),
            std::slice::from_raw_parts(message.cast::<u8>(), length),
        )
    };
    let Some(observation) = observation_index().ok().and_then(|index| ssl.ex_data(index)) else {
        return;
    };
    if kind == SSL3_RT_HANDSHAKE {
        observation.handshake(version, message);
    } else {
        observation.alert(version, message);
    }
}

/// Takes no trust decision, and spares OpenSSL the building of a path over what a stranger sent.
unsafe extern "C" fn on_verify(_store: *mut ffi::X509_STORE_CTX, _argument: *mut c_void) -> c_int {
    1
}
