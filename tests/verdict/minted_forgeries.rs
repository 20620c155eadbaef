//! The minter's forgeries: each is wrong in the one way intended, as OpenSSL sees it.

use mint::*;
use openssl::bn::{BigNum, BigNumContext};
use openssl::x509::X509;

use super::minted::contoso;

#[test]
fn a_flipped_bit_flips_that_bit_alone() {
    let cert = contoso().cert;
    let flipped = forge::flip_bit(cert.der(), 13);
    let differences: Vec<_> = flipped
        .iter()
        .zip(cert.der())
        .map(|(a, b)| a ^ b)
        .enumerate()
        .filter(|(_, d)| *d != 0)
        .collect();
    assert_eq!(differences, [(1, 0x04)]);
    let tbs_end = cert.der().len() * 8 - 1;
    assert!(!Cert::from_der(&forge::flip_bit(cert.der(), tbs_end)).verifies_with(&contoso().key));
}

#[test]
fn a_borrowed_signature_does_not_verify() {
    let ca = contoso();
    let [a, b] = ["a.contoso.com", "b.contoso.com"].map(|host| ca.server(host).build());
    let forged = forge::with_signature_of(&a, &b);
    assert_eq!(forged.tbs(), a.tbs());
    assert!(!forged.verifies_with(&ca.key) && b.verifies_with(&ca.key));
}

#[test]
fn inner_and_outer_algorithm_can_disagree() {
    let ca = contoso();
    let sha512 = ca.key.signature_algorithm(Digest::Sha512, None);
    let sha256 = ca.key.signature_algorithm(Digest::Sha256, None);
    let signed = ca.server("a.contoso.com").inner_algorithm(&sha512).build();
    let outer = forge::with_outer_algorithm(&ca.server("a.contoso.com").build(), &sha512);
    assert_eq!((signed.algorithm(), outer.algorithm()), (&sha256[..], &sha512[..]));
    // The signature itself is right in the first: only the disagreement is wrong.
    let inner = der::read(signed.tbs()).0.children()[2].whole;
    assert_eq!(inner, sha512);
    assert!(!signed.verifies_with(&ca.key) && !outer.verifies_with(&ca.key));
}

#[test]
fn trailing_octets_follow_or_hide_inside() {
    let cert = contoso().cert;
    assert_eq!(forge::append_trailing(&cert, b"x").der(), [cert.der(), b"x"].concat());
    let inside = forge::append_inside(&cert, &der::null());
    assert_eq!(der::read(inside.der()).0.children().len(), 4);
    assert!(X509::from_der(inside.der()).is_err());
}

#[test]
fn an_ecdsa_signature_has_a_twin() {
    let ca = contoso();
    let cert = ca.server("a.contoso.com").build();
    let twin = forge::malleate_ecdsa(&cert, &ca.key);
    assert!(twin.verifies_with(&ca.key));
    assert_eq!(twin.tbs(), cert.tbs());
    assert_ne!(twin.sha256(), cert.sha256());
}

#[test]
fn a_key_with_its_own_generator_takes_the_ca_s_point() {
    let ca = contoso();
    let evil = forge::same_point_ec_key(&ca.key);
    assert_eq!(evil.public_key_bits(), ca.key.public_key_bits());
    let forged = CertBuilder::server("a.contoso.com", &Key::ec("P-256", "a"))
        .issuer(&ca)
        .sign_with(&evil)
        .build();
    assert!(forged.verifies_with(&evil) && !forged.verifies_with(&ca.key));
    assert!(!ca.server("a.contoso.com").build().verifies_with(&evil));
}

#[test]
fn a_duplicate_ec_key_verifies_what_the_ca_signed_and_what_we_sign() {
    for (curve, digest) in [
        ("P-256", Digest::Sha256),
        ("P-384", Digest::Sha512),
        ("P-521", Digest::Sha1),
    ] {
        let ca = Ca::root_with("CN=Contoso", &Key::ec(curve, "ca"));
        let genuine = ca.server("a.contoso.com").digest(digest).build();
        let evil = forge::duplicate_signature_ec_key(&genuine, &ca.key);
        assert!(
            genuine.verifies_with(&ca.key) && genuine.verifies_with(&evil),
            "{curve}"
        );
        assert_ne!(evil.public_key_bits(), ca.key.public_key_bits());
        let forged = CertBuilder::server("evil.contoso.com", &Key::ec("P-256", "a"))
            .issuer(&ca)
            .sign_with(&evil)
            .build();
        assert!(forged.verifies_with(&evil) && !forged.verifies_with(&ca.key), "{curve}");
        assert!(!ca.server("b.contoso.com").build().verifies_with(&evil), "{curve}");
    }
}

#[test]
fn a_recovered_ec_key_on_the_named_curve_verifies_one_certificate() {
    let ca = contoso();
    let genuine = ca.server("a.contoso.com").build();
    let other = forge::recovered_ec_key(&genuine, &ca.key);
    assert_ne!(other.spki_der(), ca.key.spki_der());
    assert_eq!(other.spki_der().len(), ca.key.spki_der().len());
    assert!(genuine.verifies_with(&other) && !ca.server("b.contoso.com").build().verifies_with(&other));
}

#[test]
fn a_duplicate_rsa_key_verifies_what_the_ca_signed_and_what_we_sign() {
    for (bits, digest) in [(1024, Digest::Sha1), (2048, Digest::Sha256)] {
        let ca = Ca::root_with("CN=Contoso", &Key::rsa(bits, "ca"));
        let genuine = ca.server("a.contoso.com").digest(digest).build();
        let evil = forge::duplicate_signature_rsa_key(&genuine);
        let numbers = evil.rsa_numbers();
        assert_eq!(numbers.n.bits(), u64::from(bits));
        assert!(numbers.e.bits() > 64 && numbers.e.bit(0));
        assert!(genuine.verifies_with(&ca.key) && genuine.verifies_with(&evil));
        let forged = CertBuilder::server("evil.contoso.com", &Key::ec("P-256", "a"))
            .issuer(&ca)
            .sign_with(&evil)
            .build();
        assert!(forged.verifies_with(&evil) && !forged.verifies_with(&ca.key));
        assert!(!ca.server("b.contoso.com").build().verifies_with(&evil));
    }
}

#[test]
fn a_longer_modulus_verifies_only_where_lengths_are_not_compared() {
    let ca = Ca::root_with("CN=Contoso", &Key::rsa(2048, "ca"));
    let genuine = ca.server("a.contoso.com").build();
    let evil = forge::longer_modulus_rsa_key(&genuine);
    let rsa = evil.public().rsa().unwrap();
    let (mut cube, mut ctx) = (BigNum::new().unwrap(), BigNumContext::new().unwrap());
    cube.mod_exp(
        &BigNum::from_slice(genuine.signature()).unwrap(),
        rsa.e(),
        rsa.n(),
        &mut ctx,
    )
    .unwrap();
    assert_eq!(
        cube.to_vec_padded(rsa.size() as i32).unwrap(),
        key::emsa_pkcs1(Digest::Sha256, genuine.tbs(), rsa.size() as usize)
    );
    assert!(rsa.n().num_bits() > 6000 && rsa.n().is_odd());
    assert!(!genuine.verifies_with(&evil), "OpenSSL compares them");
}
