//! Floods: CA certificates of more keys than a verdict tries of what is untrusted, each of the slowest curve; and a mesh of
//! certificates that leads from every honest key to more paths than a verdict follows.

use std::sync::LazyLock;

use mint::key::{self, Curve, EcNumbers, PointForm};
use mint::{Cert, CertBuilder, Key, der};
use serde_json::{Value, json};

use super::adversary::Place;
use super::minted;
use super::random::Random;

/// Of keys on P-521 a budget allows for 3,640.
const COUNT: usize = 3_700;

/// A certificate of a flood, in both of a request's forms.
pub struct Drop {
    base64: String,
    pem: String,
}

impl Drop {
    fn of(cert: &Cert) -> Drop {
        Drop {
            base64: openssl::base64::encode_block(cert.der()),
            pem: cert.pem(),
        }
    }
}

/// CAs of the adversary's that certify each other and, under its name, every key of every CA.
const MESH_CAS: usize = 8;

/// The mesh.
pub static MESH: LazyLock<Vec<Drop>> = LazyLock::new(|| {
    let evil = |n: usize| (format!("CN=Mesh {n}"), Key::ec("P-256", &format!("model mesh {n}")));
    let mut all = Vec::new();
    for n in 0..MESH_CAS {
        let (name, key) = evil(n);
        let mut certify = |subject: &str, of: &Key| {
            let cert = CertBuilder::authority(subject, of)
                .issuer_name(&*name)
                .sign_with(&key)
                .build();
            all.push(Drop::of(&cert));
        };
        (0..MESH_CAS)
            .map(evil)
            .for_each(|(subject, key)| certify(&subject, &key));
        for honest in 0..6 {
            let key = Key::ec("P-256", &format!("model {honest}"));
            (0..4).for_each(|name| certify(&minted::name(name), &key));
        }
    }
    all
});

/// The keys.
pub static KEYS: LazyLock<Vec<Drop>> = LazyLock::new(|| {
    let curve = Curve::named("P-521");
    let algorithm = der::algorithm(key::EC_PUBLIC_KEY, &der::oid(curve.oid));
    let signer = Key::ec("P-256", "model flood");
    let made = |n: usize| {
        // Nobody has to have the private half.
        let numbers = EcNumbers {
            curve,
            d: (1_000_003 + n).into(),
            generator: None,
        };
        let point = numbers.public_point(PointForm::Uncompressed);
        let key = Key::public_only(&der::seq(&[&algorithm, &der::bits(&point)]));
        let name = minted::name(n % 4);
        Drop::of(&CertBuilder::authority(&*name, &key).sign_with(&signer).build())
    };
    (0..COUNT).map(made).collect()
});

/// The request with a flood where an adversary writes, before or after what stands there. `None` where the place is not
/// there.
pub fn flooded(request: &Value, flood: &[Drop], place: Place, first: bool, random: &mut Random) -> Option<Value> {
    let mut request = request.clone();
    let count = |path: &str| request.pointer(path).and_then(Value::as_array).map_or(0, Vec::len);
    let (read, kept) = (count("/reference"), count("/reference_document/members"));
    let of = |pem: bool| flood.iter().map(move |drop| if pem { &drop.pem } else { &drop.base64 });
    let singles = || of(false).map(|der| json!({ "der": der })).collect::<Vec<_>>();
    let texts = |pem: bool| of(pem).map(|text| json!(text)).collect::<Vec<_>>();
    let mut is_there = false;
    let mut pour = |path: &str, flood: Vec<Value>| {
        if let Some(list) = request.pointer_mut(path).and_then(Value::as_array_mut) {
            let at = if first { 0 } else { list.len() };
            list.splice(at..at, flood);
            is_there = true;
        }
    };
    if matches!(place, Place::Brought | Place::Everywhere) {
        pour("/subjects/0/source/chain", texts(false));
    }
    if matches!(place, Place::Intermediates | Place::Everywhere) {
        pour("/intermediates", singles());
    }
    if matches!(place, Place::BesideAMember | Place::Everywhere) {
        match random.below(read + kept) {
            at if at < read => pour(&format!("/reference/{at}/source/chain"), texts(false)),
            at => {
                let path = format!("/reference_document/members/{}/certificate/chain", at - read);
                pour(&path, texts(true));
            }
        }
    }
    is_there.then_some(request)
}
