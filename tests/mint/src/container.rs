//! What certificates travel in: PEM as it is found in the wild, PKCS#7, and PKCS#12 old and new.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipher, BlockEncryptMut, InnerIvInit, KeyInit};
use hmac::Hmac;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::cert::Cert;
use super::der;
use super::key::{Digest, Key, stream};
use super::name::Text;

/// One PEM block, 64 columns, lines ended by LF.
pub fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// What the one PEM block of a text holds.
pub fn unpem(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).expect("base64")
}

/// Certificates one after the other.
pub fn pem_bundle(certs: &[&Cert]) -> String {
    certs.iter().map(|cert| cert.pem()).collect()
}

/// A block as `openssl pkcs12` prints it, with its bag attributes, subject and issuer above.
pub fn with_bag_attributes(pem: &str, friendly_name: &str) -> String {
    format!(
        "Bag Attributes\n    friendlyName: {friendly_name}\n    localKeyID: 01 00 00 00 \n\
         subject=CN = {friendly_name}\n\nissuer=DC = com, DC = contoso, CN = Contoso Issuing CA\n\n{pem}"
    )
}

/// Lines ended by CR LF.
pub fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// UTF-16, little endian, with its byte order mark: what `Out-File` of Windows PowerShell writes.
pub fn utf16_le(text: &str) -> Vec<u8> {
    "\u{feff}"
        .chars()
        .chain(text.chars())
        .collect::<String>()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// UTF-16, big endian, with its byte order mark.
pub fn utf16_be(text: &str) -> Vec<u8> {
    "\u{feff}"
        .chars()
        .chain(text.chars())
        .collect::<String>()
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect()
}

/// UTF-8 with its byte order mark.
pub fn utf8_bom(text: &str) -> Vec<u8> {
    ["\u{feff}".as_bytes(), text.as_bytes()].concat()
}

/// PKCS#7 SignedData that signs nothing and carries certificates, in the order given (DER would sort them; Windows does
/// not).
pub fn p7b(certs: &[&Cert]) -> Vec<u8> {
    let certs = certs.iter().map(|cert| cert.der()).collect::<Vec<_>>().concat();
    let content = der::seq(&[&der::oid(DATA)]);
    let signed_data = der::seq(&[
        &der::int(1),
        &der::set(&[]),
        &content,
        &der::ctx(0, &[&certs]),
        &der::set(&[]),
    ]);
    der::seq(&[&der::oid("1.2.840.113549.1.7.2"), &der::ctx(0, &[&signed_data])])
}

/// The same as `BEGIN PKCS7`. (The web pages of AD CS call it `CERTIFICATE`: use [`pem`].)
pub fn p7b_pem(certs: &[&Cert]) -> String {
    pem("PKCS7", &p7b(certs))
}

/// EncryptedPrivateKeyInfo of PKCS#8: PBES2 with AES-256 and HMAC-SHA-256.
pub fn encrypted_private_key(pkcs8: &[u8], password: &str) -> Vec<u8> {
    let (algorithm, encrypted) = encrypt(Pbe::Aes256, Some(password), pkcs8, ITERATIONS);
    der::seq(&[&algorithm, &der::octets(&encrypted)])
}

/// How a bag of PKCS#12 is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pbe {
    /// PBES2: PBKDF2 with HMAC-SHA-256, AES-256-CBC.
    Aes256,
    /// pbeWithSHAAnd3-KeyTripleDES-CBC
    TripleDes,
    /// pbeWithSHAAnd40BitRC2-CBC
    Rc2_40,
    /// Not at all.
    Plain,
}

/// How the whole is authenticated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mac {
    /// The MAC of RFC 7292, with this digest.
    Hmac(Digest),
    /// PBMAC1 of RFC 9579.
    Pbmac1,
    None,
}

/// How the bytes are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Der,
    /// Indefinite lengths all the way down, outside and inside, and strings in pieces.
    Ber,
}

/// Builds a PKCS#12 file (PFX), bag by bag in the order that they are added.
#[derive(Clone)]
pub struct P12 {
    password: Option<String>,
    certs: Vec<(Cert, Option<String>)>,
    keys: Vec<(Key, Option<String>, Option<String>)>,
    cert_pbe: Pbe,
    key_pbe: Pbe,
    mac: Mac,
    form: Form,
    iterations: u32,
}

/// What Windows and OpenSSL take.
const ITERATIONS: u32 = 2048;

impl P12 {
    /// As Windows Server 2019 and OpenSSL 3 write it: AES-256 and SHA-256.
    pub fn new(password: &str) -> P12 {
        P12 {
            password: Some(password.to_owned()),
            certs: vec![],
            keys: vec![],
            cert_pbe: Pbe::Aes256,
            key_pbe: Pbe::Aes256,
            mac: Mac::Hmac(Digest::Sha256),
            form: Form::Der,
            iterations: ITERATIONS,
        }
    }

    /// As Windows Server 2012 writes it: certificates in RC2 of 40 bits, keys in Triple DES, SHA-1.
    pub fn legacy(password: &str) -> P12 {
        P12::new(password)
            .pbe(Pbe::Rc2_40, Pbe::TripleDes)
            .mac(Mac::Hmac(Digest::Sha1))
    }

    /// Triple DES throughout, SHA-1.
    pub fn triple_des(password: &str) -> P12 {
        P12::new(password)
            .pbe(Pbe::TripleDes, Pbe::TripleDes)
            .mac(Mac::Hmac(Digest::Sha1))
    }

    /// No password, which is another thing to PKCS#12 than an empty one.
    pub fn without_password(mut self) -> Self {
        self.password = None;
        self
    }

    pub fn cert(mut self, cert: &Cert) -> Self {
        self.certs.push((cert.clone(), None));
        self
    }

    pub fn certs(self, certs: &[&Cert]) -> Self {
        certs.iter().fold(self, |p12, cert| p12.cert(cert))
    }

    pub fn named_cert(mut self, cert: &Cert, friendly_name: &str) -> Self {
        self.certs.push((cert.clone(), Some(friendly_name.to_owned())));
        self
    }

    pub fn key(mut self, key: &Key) -> Self {
        self.keys.push((key.clone(), None, None));
        self
    }

    pub fn named_key(mut self, key: &Key, friendly_name: &str) -> Self {
        self.keys.push((key.clone(), Some(friendly_name.to_owned()), None));
        self
    }

    /// A key with the name of its provider, as Windows exports it.
    pub fn key_of_provider(mut self, key: &Key, provider: &str) -> Self {
        self.keys.push((key.clone(), None, Some(provider.to_owned())));
        self
    }

    /// Encryption of certificates and of keys.
    pub fn pbe(mut self, certs: Pbe, keys: Pbe) -> Self {
        (self.cert_pbe, self.key_pbe) = (certs, keys);
        self
    }

    pub fn mac(mut self, mac: Mac) -> Self {
        self.mac = mac;
        self
    }

    pub fn no_mac(self) -> Self {
        self.mac(Mac::None)
    }

    pub fn iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }

    /// Written in BER, as Java, NSS and some appliances do.
    pub fn ber(mut self) -> Self {
        self.form = Form::Ber;
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let cert_bags: Vec<u8> = self
            .certs
            .iter()
            .flat_map(|(cert, name)| self.cert_bag(cert, name.as_deref()))
            .collect();
        let key_bags = self.keys.iter().enumerate();
        let key_bags: Vec<u8> = key_bags
            .flat_map(|(i, (key, name, provider))| self.key_bag(i, key, name.as_deref(), provider.as_deref()))
            .collect();
        let certs = if self.certs.is_empty() {
            vec![]
        } else {
            self.safe(self.cert_pbe, &self.form(der::seq(&[&cert_bags])))
        };
        let keys = if self.keys.is_empty() {
            vec![]
        } else {
            self.safe(Pbe::Plain, &self.form(der::seq(&[&key_bags])))
        };
        let auth_safe = self.form(der::seq(&[&certs, &keys]));
        let content = der::seq(&[&der::oid(DATA), &der::ctx(0, &[&der::octets(&auth_safe)])]);
        self.form(der::seq(&[&der::int(3), &content, &self.mac_data(&auth_safe)]))
    }

    fn form(&self, value: Vec<u8>) -> Vec<u8> {
        match self.form {
            Form::Der => value,
            Form::Ber => der::ber_indefinite(&value, 1000),
        }
    }

    /// ContentInfo around SafeContents.
    fn safe(&self, pbe: Pbe, contents: &[u8]) -> Vec<u8> {
        if pbe == Pbe::Plain {
            return der::seq(&[&der::oid(DATA), &der::ctx(0, &[&der::octets(contents)])]);
        }
        let (algorithm, encrypted) = encrypt(pbe, self.password.as_deref(), contents, self.iterations);
        let info = der::seq(&[&der::oid(DATA), &algorithm, &der::ctx_prim(0, &encrypted)]);
        let encrypted_data = der::seq(&[&der::int(0), &info]);
        der::seq(&[&der::oid("1.2.840.113549.1.7.6"), &der::ctx(0, &[&encrypted_data])])
    }

    fn cert_bag(&self, cert: &Cert, name: Option<&str>) -> Vec<u8> {
        let fits = self.keys.iter().position(|(key, ..)| key.spki_der() == cert.spki_der());
        let value = der::seq(&[
            &der::oid("1.2.840.113549.1.9.22.1"),
            &der::ctx(0, &[&der::octets(cert.der())]),
        ]);
        bag("1.2.840.113549.1.12.10.1.3", &value, fits, name, None)
    }

    fn key_bag(&self, index: usize, key: &Key, name: Option<&str>, provider: Option<&str>) -> Vec<u8> {
        let pkcs8 = key.pkcs8_der();
        if self.key_pbe == Pbe::Plain {
            return bag("1.2.840.113549.1.12.10.1.1", &pkcs8, Some(index), name, provider);
        }
        let (algorithm, encrypted) = encrypt(self.key_pbe, self.password.as_deref(), &pkcs8, self.iterations);
        let shrouded = der::seq(&[&algorithm, &der::octets(&encrypted)]);
        bag("1.2.840.113549.1.12.10.1.2", &shrouded, Some(index), name, provider)
    }

    fn mac_data(&self, auth_safe: &[u8]) -> Vec<u8> {
        let salt = stream(&[b"mac salt", auth_safe].concat(), 20);
        let password = self.password.as_deref();
        let (algorithm, key, digest) = match self.mac {
            Mac::None => return vec![],
            Mac::Hmac(digest) => {
                let len = digest.hash(&[]).len();
                (
                    digest.algorithm(),
                    pkcs12_kdf(digest, 3, password, &salt, self.iterations, len),
                    digest,
                )
            }
            Mac::Pbmac1 => {
                let kdf = pbkdf2_algorithm(&salt, self.iterations, Some(32));
                let parameters = der::seq(&[&kdf, &der::algorithm(HMAC_SHA256, &der::null())]);
                let key = pbkdf2(password.unwrap_or_default(), &salt, self.iterations);
                (
                    der::algorithm("1.2.840.113549.1.5.14", &parameters),
                    key,
                    Digest::Sha256,
                )
            }
        };
        let mac = match digest {
            Digest::Sha1 => authenticated::<Hmac<Sha1>>(&key, auth_safe),
            Digest::Sha256 => authenticated::<Hmac<Sha256>>(&key, auth_safe),
            Digest::Sha384 => authenticated::<Hmac<Sha384>>(&key, auth_safe),
            Digest::Sha512 => authenticated::<Hmac<Sha512>>(&key, auth_safe),
            other => panic!("no PKCS#12 MAC with {other:?}"),
        };
        let info = der::seq(&[&algorithm, &der::octets(&mac)]);
        der::seq(&[&info, &der::octets(&salt), &der::int(self.iterations.into())])
    }
}

const DATA: &str = "1.2.840.113549.1.7.1";
const HMAC_SHA256: &str = "1.2.840.113549.2.9";

/// SafeBag: its value, and the attributes that Windows gives it.
fn bag(oid: &str, value: &[u8], key_index: Option<usize>, name: Option<&str>, provider: Option<&str>) -> Vec<u8> {
    let attribute = |oid: &str, value: Vec<u8>| der::seq(&[&der::oid(oid), &der::set(&[&value])]);
    let attributes: Vec<Vec<u8>> = [
        key_index.map(|i| attribute("1.2.840.113549.1.9.21", der::octets(&(i as u32 + 1).to_le_bytes()))),
        name.map(|name| attribute("1.2.840.113549.1.9.20", Text::Bmp(name).der())),
        provider.map(|provider| attribute("1.3.6.1.4.1.311.17.1", Text::Bmp(provider).der())),
    ]
    .into_iter()
    .flatten()
    .collect();
    let attributes = if attributes.is_empty() {
        vec![]
    } else {
        der::set_of(attributes)
    };
    der::seq(&[&der::oid(oid), &der::ctx(0, &[value]), &attributes])
}

/// The algorithm with its parameters, and the encrypted octets. Salt and IV are worked out from what is encrypted.
fn encrypt(pbe: Pbe, password: Option<&str>, data: &[u8], iterations: u32) -> (Vec<u8>, Vec<u8>) {
    let salt = stream(&[b"salt", data].concat(), 16);
    let old = |oid| der::algorithm(oid, &der::seq(&[&der::octets(&salt), &der::int(iterations.into())]));
    let kdf = |id, len| pkcs12_kdf(Digest::Sha1, id, password, &salt, iterations, len);
    match pbe {
        Pbe::Plain => panic!("nothing to encrypt"),
        Pbe::Aes256 => {
            let iv = stream(&[b"iv", data].concat(), 16);
            let key = pbkdf2(password.unwrap_or_default(), &salt, iterations);
            let scheme = der::algorithm("2.16.840.1.101.3.4.1.42", &der::octets(&iv));
            let parameters = der::seq(&[&pbkdf2_algorithm(&salt, iterations, None), &scheme]);
            let encrypted = in_blocks::<aes::Aes256>(&key, &iv, data);
            (der::algorithm("1.2.840.113549.1.5.13", &parameters), encrypted)
        }
        Pbe::TripleDes => {
            let encrypted = in_blocks::<des::TdesEde3>(&kdf(1, 24), &kdf(2, 8), data);
            (old("1.2.840.113549.1.12.1.3"), encrypted)
        }
        Pbe::Rc2_40 => {
            let encrypted = in_blocks::<rc2::Rc2>(&kdf(1, 5), &kdf(2, 8), data);
            (old("1.2.840.113549.1.12.1.6"), encrypted)
        }
    }
}

/// CBC, padded as PKCS#7 does.
fn in_blocks<C: BlockCipher + BlockEncryptMut + KeyInit>(key: &[u8], iv: &[u8], data: &[u8]) -> Vec<u8> {
    let cipher = Encryptor::<C>::inner_iv_slice_init(C::new_from_slice(key).unwrap(), iv).unwrap();
    cipher.encrypt_padded_vec_mut::<Pkcs7>(data)
}

fn authenticated<M: hmac::Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("a key of any length");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

fn pbkdf2(password: &str, salt: &[u8], iterations: u32) -> Vec<u8> {
    let mut key = vec![0; 32];
    pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, iterations, &mut key);
    key
}

fn pbkdf2_algorithm(salt: &[u8], iterations: u32, key_length: Option<u64>) -> Vec<u8> {
    let key_length = key_length.map(der::int).unwrap_or_default();
    let prf = der::algorithm(HMAC_SHA256, &der::null());
    der::algorithm(
        "1.2.840.113549.1.5.12",
        &der::seq(&[&der::octets(salt), &der::int(iterations.into()), &key_length, &prf]),
    )
}

/// The key derivation of RFC 7292 appendix B: `id` 1 for a key, 2 for an IV, 3 for a MAC key.
fn pkcs12_kdf(digest: Digest, id: u8, password: Option<&str>, salt: &[u8], iterations: u32, len: usize) -> Vec<u8> {
    let v = if matches!(digest, Digest::Sha384 | Digest::Sha512) {
        128
    } else {
        64
    };
    let password: Vec<u8> = match password {
        Some(text) => text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect(),
        None => vec![],
    };
    let repeated = |bytes: &[u8]| {
        bytes
            .iter()
            .copied()
            .cycle()
            .take(bytes.len().div_ceil(v) * v)
            .collect::<Vec<u8>>()
    };
    let mut input = [repeated(salt), repeated(&password)].concat();
    let mut out = Vec::new();
    while out.len() < len {
        let mut block = digest.hash(&[&vec![id; v][..], &input].concat());
        (1..iterations).for_each(|_| block = digest.hash(&block));
        out.extend_from_slice(&block);
        // Each block of the input plus the output repeated, plus one.
        for chunk in input.chunks_mut(v) {
            let mut carry = 1u16;
            for i in (0..v).rev() {
                carry += u16::from(chunk[i]) + u16::from(block[i % block.len()]);
                chunk[i] = carry as u8;
                carry >>= 8;
            }
        }
    }
    out.truncate(len);
    out
}
