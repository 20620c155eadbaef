//! Everything at once: whatever an attacker sends and in whatever order it is read, the verdict rests on proof.

use mint::{Digest, Ski};

use super::*;

/// Numbers that are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn shuffled<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mut left = items.to_vec();
        let mut out = Vec::new();
        while !left.is_empty() {
            out.push(left.swap_remove(self.below(left.len())));
        }
        out
    }
}

/// What somebody without a single key of the genuine CAs can make.
fn forgeries(w: &World) -> (Ca, Vec<Cert>) {
    let mallory = Ca::root_with(CONTOSO, &Key::ec("P-256", "mallory"));
    let parent = Ca::root_with(ROOT, &Key::ec("P-256", "mallory root"));
    let genuine_hash = Digest::Sha1.hash(w.ca.cert.der());
    let own_hash = Digest::Sha1.hash(mallory.cert.der());
    let named = |key: &Key| CertBuilder::authority(CONTOSO, key);
    let made = vec![
        mallory.cert.clone(),
        parent.cert.clone(),
        mallory.cross_certify(&w.ca),
        mallory.cross_certify(&w.root),
        parent.cross_certify(&w.ca),
        parent.cross_certify(&mallory),
        parent.cross_certify(&w.root),
        mallory.cross_certify(&parent),
        named(&mallory.key)
            .issuer(&parent)
            .previous_ca_hash(&genuine_hash)
            .build(),
        named(&mallory.key).previous_ca_hash(&genuine_hash).build(),
        named(&w.ca.key).issuer(&parent).previous_ca_hash(&own_hash).build(),
        named(&w.ca.key).issuer(&mallory).previous_ca_hash(&own_hash).build(),
        named(&w.rekeyed.key)
            .sign_with(&mallory.key)
            .previous_ca_hash(&own_hash)
            .build(),
        named(&mallory.key).ski(Ski::Bytes(w.ca.key.identifier())).build(),
        named(&mallory.key).issuer(&w.root).sign_with(&mallory.key).build(),
        named(&mallory.key).issuer(&w.ca).sign_with(&mallory.key).build(),
        CertBuilder::authority(ROOT, &mallory.key).build(),
        CertBuilder::authority(CONTOSO, &w.root.key)
            .sign_with(&mallory.key)
            .build(),
        CertBuilder::authority(ROOT, &w.ca.key).sign_with(&mallory.key).build(),
    ];
    (mallory, made)
}

#[test]
fn no_mixture_of_forgeries_makes_an_impostor_compliant() {
    let w = World::new();
    let (mallory, forged) = forgeries(&w);
    let genuine = [w.root.cert.clone(), w.ca.cert.clone(), w.rekeyed.cert.clone()];
    let renamed = builder(&mallory, "p").issuer_name(FABRIKAM).build();
    let claiming = builder(&mallory, "p")
        .aki(mint::Aki::KeyId(w.ca.key.identifier()))
        .build();
    let impostors = [leaf(&mallory, "p"), renamed, claiming];
    let mut numbers = Numbers(1);
    for round in 0..90 {
        let mut asked = match numbers.below(4) {
            0 => ask().file("fe01", &[&w.fe("fe01")]),
            1 => ask().tls("fe01.contoso.com", &[&w.fe("fe01"), &w.ca.cert]),
            2 => ask().pin("ca", &w.ca.cert),
            _ => ask()
                .file("fe01", &[&w.fe("fe01"), &w.ca.cert])
                .file("fe02", &[&leaf(&w.rekeyed, "fe02")]),
        };
        asked = asked
            .policy("match", ["key", "authority", "name"][numbers.below(3)])
            .policy("references", ["agree", "any"][numbers.below(2)]);
        for cert in numbers.shuffled(&genuine) {
            asked = match numbers.below(3) {
                0 => asked.authorities(&[&cert]),
                1 => asked.found(&[&cert]),
                _ => asked,
            };
        }
        let mut brought = vec![impostors[numbers.below(3)].clone()];
        for cert in numbers.shuffled(&forged) {
            match numbers.below(3) {
                0 => asked = asked.found(&[&cert]),
                1 => brought.push(cert),
                _ => {}
            }
        }
        let verdict = asked.verdict(&brought.iter().collect::<Vec<_>>());
        assert!(!verdict.starts_with("compliant"), "round {round}: {verdict}");
    }
}

#[test]
fn a_tls_member_under_the_impostors_ca_never_makes_it_compliant_beside_a_genuine_one() {
    let w = World::new();
    let (mallory, forged) = forgeries(&w);
    let (alike, impostor) = (leaf(&mallory, "fe02"), leaf(&mallory, "p"));
    let mut numbers = Numbers(2);
    for round in 0..60 {
        let mut sent = vec![&alike];
        let mixed = numbers.shuffled(&forged);
        sent.extend(mixed.iter().take(numbers.below(forged.len())));
        let genuine = |asked: Ask| asked.file("fe01", &[&w.fe("fe01"), &w.ca.cert]);
        let tls = |asked: Ask| asked.tls("fe02.contoso.com", &sent);
        let mut asked = if round % 2 == 0 {
            genuine(tls(ask()))
        } else {
            tls(genuine(ask()))
        };
        if numbers.below(2) == 0 {
            asked = asked.authorities(&[&w.root.cert, &w.rekeyed.cert]);
        }
        let verdict = asked.verdict(&[&impostor, &mallory.cert]);
        assert!(!verdict.starts_with("compliant"), "round {round}: {verdict}");
    }
}

#[test]
fn the_order_of_what_is_given_changes_no_verdict() {
    let w = World::new();
    let (_, forged) = forgeries(&w);
    let third = w.rekeyed.rekey(&Key::ec("P-256", "contoso-2"));
    let vouched = [w.root.cert.clone(), w.ca.cert.clone(), w.rekeyed.cert.clone()];
    let members = [
        ("a", w.fe("a")),
        ("b", leaf(&w.rekeyed, "b")),
        ("c", leaf(&w.fabrikam, "c")),
    ];
    let subjects = [
        leaf(&w.ca, "p"),
        leaf(&w.rekeyed, "p"),
        leaf(&third, "p"),
        leaf(&w.look_alike, "p"),
        leaf(&w.fabrikam, "p"),
    ];
    let mut numbers = Numbers(3);
    let mut seen: Vec<Vec<String>> = Vec::new();
    for _ in 0..8 {
        let mut asked = ask().policy("references", "any");
        for cert in numbers.shuffled(&vouched) {
            asked = asked.authorities(&[&cert]);
        }
        for cert in numbers.shuffled(&forged).iter().chain([&third.cert]) {
            asked = asked.found(&[cert]);
        }
        for (name, cert) in numbers.shuffled(&members) {
            asked = asked.file(name, &[&cert]);
        }
        seen.push(subjects.iter().map(|subject| asked.verdict(&[subject])).collect());
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert!(
        seen[0][..3].iter().all(|verdict| verdict.starts_with("compliant")),
        "{seen:#?}"
    );
    assert!(
        !seen[0][3..].iter().any(|verdict| verdict.starts_with("compliant")),
        "{seen:#?}"
    );
}

#[test]
fn whatever_part_of_the_genuine_evidence_is_at_hand_a_compliant_verdict_can_be_checked_again() {
    let w = World::new();
    let third = w.rekeyed.rekey(&Key::ec("P-256", "contoso-2"));
    let link = w.ca.cross_certify(&w.rekeyed);
    let certs = [&w.root.cert, &w.ca.cert, &w.rekeyed.cert, &third.cert, &link];
    let subjects = [leaf(&w.ca, "p"), leaf(&w.rekeyed, "p"), leaf(&third, "p")];
    let mut numbers = Numbers(4);
    for round in 0..60 {
        let mut asked = ask().file("fe01", &[&w.fe("fe01")]);
        let subject = &subjects[numbers.below(3)];
        let mut brought = vec![subject];
        for cert in certs {
            match numbers.below(4) {
                0 => asked = asked.authorities(&[cert]),
                1 => asked = asked.found(&[cert]),
                2 => brought.push(cert),
                _ => {}
            }
        }
        // `verdict` checks the evidence of whatever is compliant; with the whole of it vouched all are.
        asked.verdict(&brought);
        let whole = asked.authorities(&certs).verdict(&brought);
        assert!(whole.starts_with("compliant"), "round {round}: {whole}");
    }
}
