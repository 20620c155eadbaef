//! Readings of servers on loopback that speak every protocol and break every rule. Each stops with its test.

mod chains;
mod handshakes;
mod many;
mod names;
mod others;
#[path = "../../../tests/support/servers.rs"]
mod servers;
mod starttls;
mod time;
mod versions;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::dsa::Dsa;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{NameType, SslContext, SslContextBuilder, SslVerifyMode, SslVersion};
use openssl::x509::{X509, X509Name};

use super::hello::{Hello, initialise};
use super::*;
use servers::{PATIENCE, Server, accept, bare_context, only};

impl Server {
    fn endpoint(&self) -> Endpoint {
        endpoint("127.0.0.1", self.port)
    }

    fn read(&self) -> Result<Presented, TlsError> {
        read(&self.endpoint())
    }
}

fn endpoint(host: &str, port: u16) -> Endpoint {
    Endpoint {
        host: host.into(),
        port,
        server_name: None,
        starttls: None,
        timeout: PATIENCE,
    }
}

struct Identity {
    key: PKey<Private>,
    /// Leaf first.
    chain: Vec<X509>,
}

impl Identity {
    fn der(&self) -> Vec<Vec<u8>> {
        self.chain
            .iter()
            .map(|certificate| certificate.to_der().unwrap())
            .collect()
    }
}

fn ec_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn certificate(name: &str, key: &PKey<Private>, issuer: Option<(&X509, &PKey<Private>)>, serial: u32) -> X509 {
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder
        .set_serial_number(&BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder
        .set_issuer_name(issuer.map_or(&*subject, |(issuer, _)| issuer.subject_name()))
        .unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
        .sign(issuer.map_or(key, |(_, key)| key), MessageDigest::sha1())
        .unwrap();
    builder.build()
}

/// An RSA server's certificate under an issuing CA under a root: what Lync had.
fn rsa() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        initialise();
        let (root_key, ca_key) = (ec_key(), ec_key());
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let root = certificate("Root", &root_key, None, 1);
        let ca = certificate("Issuing", &ca_key, Some((&root, &root_key)), 2);
        let leaf = certificate("fe01.test", &key, Some((&ca, &ca_key)), 3);
        Identity {
            key,
            chain: vec![leaf, ca, root],
        }
    })
}

fn ec() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        initialise();
        let key = ec_key();
        let leaf = certificate("ec.test", &key, None, 4);
        Identity { key, chain: vec![leaf] }
    })
}

fn context(identity: &Identity, configure: impl FnOnce(&mut SslContextBuilder)) -> SslContext {
    bare_context(|context| {
        let (leaf, rest) = identity.chain.split_first().unwrap();
        context.set_certificate(leaf).unwrap();
        context.set_private_key(&identity.key).unwrap();
        for certificate in rest {
            context.add_extra_chain_cert(certificate.clone()).unwrap();
        }
        configure(context);
    })
}

/// TLS 1.2 records by hand: ServerHello with TLS_RSA_WITH_AES_128_CBC_SHA, then a Certificate message.
fn hello_and(certificates: &[&[u8]]) -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let list: Vec<u8> = certificates
        .iter()
        .flat_map(|der| [&length3(der.len())[..], der].concat())
        .collect();
    let certificate = [&length3(list.len())[..], &list].concat();
    [message(2, &hello), message(11, &certificate)].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let message = [&[kind][..], &length3(body.len()), body].concat();
    message.chunks(16_000).flat_map(|part| record(22, part)).collect()
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let [_, high, low] = length3(content.len());
    [&[kind, 3, 3, high, low], content].concat()
}

fn length3(length: usize) -> [u8; 3] {
    let [_, bytes @ ..] = u32::try_from(length).unwrap().to_be_bytes();
    bytes
}

/// The version and length of the ClientHello that waits in `tcp`, and whether it has extension 43.
fn peek_hello(tcp: &TcpStream) -> (u8, usize, bool) {
    let mut header = [0; 11];
    let length = loop {
        let mut buffer = [0; 4096];
        let count = tcp.peek(&mut buffer).unwrap();
        if count > 5 && count >= 5 + usize::from(buffer[3]) * 256 + usize::from(buffer[4]) {
            header.copy_from_slice(&buffer[..11]);
            let versions = buffer[..count]
                .windows(5)
                .any(|window| window[..2] == [0, 43] && window[4] > 1);
            return (header[10], count, versions);
        }
        thread::sleep(Duration::from_millis(1));
        if count == 0 {
            break 0;
        }
    };
    (0, length, false)
}
