//! A flood: CA certificates of more keys than a verdict tries of what is untrusted, each of the slowest curve.

use std::sync::LazyLock;

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcPoint, PointConversionForm};
use serde_json::{Value, json};

use super::adversary::Place;
use super::random::Random;
use crate::mint::{CertBuilder, Key, der, key};

/// Of keys on P-521 a budget allows for 3,640.
const KEYS: usize = 3_700;

struct Drop {
    base64: String,
    pem: String,
}

static FLOOD: LazyLock<Vec<Drop>> = LazyLock::new(|| {
    let curve = key::CURVES.iter().find(|curve| curve.name == "P-521").unwrap();
    let (group, mut ctx) = (curve.group(), BigNumContext::new().unwrap());
    let algorithm = der::algorithm(key::EC_PUBLIC_KEY, &der::oid(curve.oid));
    let signer = Key::ec("P-256", "model flood");
    let made = |n: usize| {
        // Nobody has to have the private half.
        let mut point = EcPoint::new(&group).unwrap();
        let factor = BigNum::from_u32(1_000_003 + n as u32).unwrap();
        point.mul_generator2(&group, &factor, &mut ctx).unwrap();
        let point = point
            .to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut ctx)
            .unwrap();
        let key = Key::public_only(&der::seq(&[&algorithm, &der::bits(&point)]));
        let name = format!("CN=CA {},DC=contoso,DC=com", n % 4);
        let cert = CertBuilder::authority(&*name, &key).sign_with(&signer).build();
        Drop {
            base64: openssl::base64::encode_block(cert.der()),
            pem: cert.pem(),
        }
    };
    (0..KEYS).map(made).collect()
});

/// The request with a flood where an adversary writes, before or after what stands there. `None` where the place is not
/// there.
pub fn flooded(request: &Value, place: Place, first: bool, random: &mut Random) -> Option<Value> {
    let mut request = request.clone();
    let of = |pem: bool| FLOOD.iter().map(move |drop| if pem { &drop.pem } else { &drop.base64 });
    let singles = || of(false).map(|der| json!({ "der": der })).collect::<Vec<_>>();
    let texts = |pem: bool| of(pem).map(|text| json!(text)).collect::<Vec<_>>();
    let mut is_there = false;
    let mut pour = |into: &mut Value, flood: Vec<Value>| {
        if let Some(list) = into.as_array_mut() {
            let at = if first { 0 } else { list.len() };
            list.splice(at..at, flood);
            is_there = true;
        }
    };
    if matches!(place, Place::Brought | Place::Everywhere) {
        pour(&mut request["subjects"][0]["source"]["chain"], texts(false));
    }
    if matches!(place, Place::Intermediates | Place::Everywhere) {
        pour(&mut request["intermediates"], singles());
    }
    if matches!(place, Place::BesideAMember | Place::Everywhere) {
        let read = request["reference"].as_array().map_or(0, Vec::len);
        let kept = request["reference_document"]["members"].as_array().map_or(0, Vec::len);
        match random.below(read + kept) {
            at if at < read => pour(&mut request["reference"][at]["source"]["chain"], texts(false)),
            at if at < read + kept => {
                let member = &mut request["reference_document"]["members"][at - read];
                pour(&mut member["certificate"]["chain"], texts(true));
            }
            _ => {}
        }
    }
    is_there.then_some(request)
}
