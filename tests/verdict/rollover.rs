//! Rollover, with its direction: which further keys of a CA's name a proven re-key joins, and what a refused link says.

use mint::Digest;

use super::*;

pub(super) const SAME: &str = "compliant same/signature";

pub(super) const ROLLED: &str = "compliant rollover/signature";

pub(super) const ALIKE: &str = "noncompliant name-only/signature: issuer-key-differs=error";

pub(super) const REFUSED: &str = "undetermined name-only/signature: issuer-key-differs=doubt link-refused=info";

/// A reference under a CA, whose certificate is vouched.
pub(super) fn under(ca: &Ca) -> Ask {
    ask().file("fe01", &[&leaf(ca, "fe01")]).authorities(&[&ca.cert])
}

pub(super) fn key(label: &str) -> Key {
    Key::ec("P-256", label)
}

/// A root and the same after a re-key, with the cross-certificates that AD CS makes: old by new, and new by old.
pub(super) struct Roots {
    pub(super) old: Ca,
    pub(super) new: Ca,
    pub(super) old_by_new: Cert,
    pub(super) new_by_old: Cert,
}

pub(super) fn roots(name: &str) -> Roots {
    let old = Ca::root_with(name, &key(&format!("{name} 0")));
    let new = old
        .rekeying(&key(&format!("{name} 1")))
        .no_previous_ca_hash()
        .build_ca();
    let (old_by_new, new_by_old) = (new.cross_certify(&old), old.cross_certify(&new));
    Roots {
        old,
        new,
        old_by_new,
        new_by_old,
    }
}

#[test]
fn a_key_of_the_authority_that_signed_another_joins_it_of_any_rank_and_in_that_direction_alone() {
    let r = roots(CONTOSO);
    let (old, new) = (leaf(&r.old, "p"), leaf(&r.new, "p"));
    // The other key is known, so that only the link is wanting.
    let from_old = under(&r.old).found(&[&r.new.cert]);
    let from_new = under(&r.new).found(&[&r.old.cert]);
    rows(&[
        ("no link", from_old.clone(), vec![&new], ALIKE),
        (
            "old signed new, vouched",
            from_old.clone().authorities(&[&r.new_by_old]),
            vec![&new],
            ROLLED,
        ),
        (
            "old signed new, found",
            from_old.clone().found(&[&r.new_by_old]),
            vec![&new],
            ROLLED,
        ),
        (
            "old signed new, brought",
            from_old.clone(),
            vec![&new, &r.new_by_old],
            ROLLED,
        ),
        (
            "new signed old, from new",
            from_new.clone().found(&[&r.old_by_new]),
            vec![&old],
            ROLLED,
        ),
        (
            "new signed old, from old, vouched",
            from_old.clone().authorities(&[&r.old_by_new]),
            vec![&new],
            ALIKE,
        ),
        (
            "new signed old, from old, brought",
            from_old,
            vec![&new, &r.old_by_new, &r.new.cert],
            ALIKE,
        ),
        (
            "old signed new, from new",
            from_new.clone().authorities(&[&r.new_by_old]),
            vec![&old],
            ALIKE,
        ),
        (
            "all that AD CS writes",
            from_new.authorities(&[&r.new_by_old, &r.old_by_new]),
            vec![&old],
            ROLLED,
        ),
    ]);
}

#[test]
fn what_only_the_subjects_key_signed_joins_nothing() {
    let w = World::new();
    let reference = under(&w.ca).authorities(&[&w.root.cert]);
    let subject = leaf(&w.look_alike, "p");
    let cross = w.look_alike.cross_certify(&w.ca);
    // A parent of the attacker's own signs both, and both are brought.
    let parent = Ca::root_with("CN=Mallory Root", &key("mallory"));
    let (twin, child) = (parent.cross_certify(&w.ca), parent.cross_certify(&w.look_alike));
    // A parent that has the genuine one's name.
    let namesake = Ca::root_with(ROOT, &key("mallory"));
    let (namesakes_twin, namesakes_child) = (namesake.cross_certify(&w.ca), namesake.cross_certify(&w.look_alike));
    // A hash of the genuine certificate, and a genuine-looking certificate with the hash of the look-alike's.
    let heir = w.ca.rekeying(&w.look_alike.key).sign_with(&w.look_alike.key).build();
    let forged_hash = CertBuilder::authority(CONTOSO, &w.ca.key)
        .issuer(&w.look_alike)
        .previous_ca_hash(&Digest::Sha1.hash(w.look_alike.cert.der()))
        .build();
    let alike = &w.look_alike.cert;
    rows(&[
        ("its own certificate", reference.clone(), vec![&subject, alike], ALIKE),
        (
            "a cross-certificate by it",
            reference.clone(),
            vec![&subject, alike, &cross],
            ALIKE,
        ),
        (
            "a parent of its own",
            reference.clone(),
            vec![&subject, &twin, &child, &parent.cert],
            ALIKE,
        ),
        (
            "a parent with the genuine one's name",
            reference.clone(),
            vec![&subject, &namesakes_twin, &namesakes_child, &namesake.cert],
            ALIKE,
        ),
        (
            "a hash in its own certificate",
            reference.clone(),
            vec![&subject, &heir],
            ALIKE,
        ),
        (
            "a hash in a certificate for the genuine key",
            reference.clone(),
            vec![&subject, alike, &forged_hash],
            ALIKE,
        ),
        // Nor when all of that was found beside the reference.
        (
            "found",
            reference
                .clone()
                .found(&[alike, &cross, &twin, &child, &parent.cert, &forged_hash, &heir]),
            vec![&subject],
            ALIKE,
        ),
        // A twin of the attacker's parent that the operator vouches for earns no hint, the parent being another's.
        (
            "vouched child",
            reference.authorities(&[alike]),
            vec![&subject, &twin, &child, &parent.cert],
            ALIKE,
        ),
    ]);
}

#[test]
fn a_common_parent_joins_where_it_and_the_certificate_for_the_authoritys_key_are_vouched() {
    let w = World::new();
    let (fe01, subject) = (w.fe("fe01"), leaf(&w.rekeyed, "p"));
    let base = ask().file("fe01", &[&fe01]);
    let with = |vouched: &[&Cert], found: &[&Cert]| base.clone().authorities(vouched).found(found);
    let (root, twin, child) = (&w.root.cert, &w.ca.cert, &w.rekeyed.cert);
    let other = Ca::root("CN=Other Root");
    let adopted = CertBuilder::authority(CONTOSO, &w.rekeyed.key).issuer(&other).build();
    let elsewhere = leaf(&w.rekeyed, "p");
    rows(&[
        ("all vouched", with(&[root, twin, child], &[]), vec![&subject], ROLLED),
        (
            "the child is found",
            with(&[root, twin], &[child]),
            vec![&subject],
            ROLLED,
        ),
        (
            "the child is brought",
            with(&[root, twin], &[]),
            vec![&subject, child],
            ROLLED,
        ),
        (
            "the parent is found",
            with(&[twin, child], &[root]),
            vec![&subject],
            REFUSED,
        ),
        (
            "the parent is brought",
            with(&[twin, child], &[]),
            vec![&subject, root],
            REFUSED,
        ),
        (
            "the parent is missing",
            with(&[twin, child], &[]),
            vec![&subject],
            REFUSED,
        ),
        (
            "the twin is found",
            with(&[root, child], &[twin]),
            vec![&subject],
            REFUSED,
        ),
        // The trusted certificate says by its hash that it follows the other.
        ("both are found", with(&[child], &[root, twin]), vec![&subject], REFUSED),
        ("all are found", with(&[], &[root, twin, child]), vec![&subject], ALIKE),
        (
            "all are brought",
            with(&[], &[]),
            vec![&subject, child, root, twin],
            ALIKE,
        ),
        (
            "another parent signed the child",
            with(&[root, twin, &other.cert], &[&adopted]),
            vec![&elsewhere],
            ALIKE,
        ),
        (
            "the other way round",
            under(&w.rekeyed).authorities(&[root, twin]),
            vec![&leaf(&w.ca, "p")],
            ROLLED,
        ),
    ]);
}

#[test]
fn the_chain_of_a_member_joins_nothing_however_it_was_read() {
    let w = World::new();
    let (fe01, subject) = (w.fe("fe01"), leaf(&w.rekeyed, "p"));
    let host = "fe01.contoso.com";
    let chain = [&fe01, &w.ca.cert, &w.root.cert];
    let refused_twin = ask().tls(host, &chain[..2]).authorities(&[&w.root.cert]);
    rows(&[
        (
            "by file",
            ask().file("fe01", &chain),
            vec![&subject, &w.rekeyed.cert],
            REFUSED,
        ),
        (
            "by TLS",
            ask().tls(host, &chain),
            vec![&subject, &w.rekeyed.cert],
            REFUSED,
        ),
        (
            "by a document, otherwise",
            ask().documented("fe01", "other", &chain),
            vec![&subject, &w.rekeyed.cert],
            REFUSED,
        ),
        (
            "the twin by TLS, the parent vouched",
            refused_twin.clone(),
            vec![&subject, &w.rekeyed.cert],
            REFUSED,
        ),
        (
            "the parent by TLS, the twin vouched",
            ask().tls(host, &chain).authorities(&[&w.ca.cert]),
            vec![&subject, &w.rekeyed.cert],
            REFUSED,
        ),
        (
            "the twin by TLS and vouched as well",
            refused_twin.authorities(&[&w.ca.cert]),
            vec![&subject, &w.rekeyed.cert],
            ROLLED,
        ),
    ]);
}

#[test]
fn a_parent_of_the_authoritys_own_name_joins_nothing_as_parent() {
    // One CA of the name signs two others of the name: kinship by name is no common parent, but a trusted one links them.
    let top = Ca::root_with(CONTOSO, &key("top"));
    let (a, b) = (
        top.issue_ca_with(CONTOSO, &key("a")),
        top.issue_ca_with(CONTOSO, &key("b")),
    );
    rows(&[
        (
            "not joined by one that is found",
            under(&a).authorities(&[&b.cert]).found(&[&top.cert]),
            vec![&leaf(&b, "p")],
            ALIKE,
        ),
        (
            "linked by a trusted one",
            under(&a).authorities(&[&top.cert, &b.cert]),
            vec![&leaf(&b, "p")],
            ROLLED,
        ),
        (
            "from the top it is a link",
            under(&top).authorities(&[&a.cert]),
            vec![&leaf(&a, "p")],
            ROLLED,
        ),
    ]);
}

#[test]
fn a_parent_that_was_itself_re_keyed_is_one_parent_where_its_keys_are_vouched_and_linked() {
    let p = roots(ROOT);
    let old = p.old.issue_ca_with(CONTOSO, &key("issuing 0"));
    let new = p.new.issue_ca_with(CONTOSO, &key("issuing 1"));
    let base = under(&old).authorities(&[&new.cert]);
    let subject = leaf(&new, "p");
    let hashed = p.old.rekeying(&p.new.key).build();
    let back =
        |vouched: &[&Cert], found: &[&Cert]| under(&new).authorities(&[&old.cert]).authorities(vouched).found(found);
    rows(&[
        (
            "linked",
            base.clone().authorities(&[&p.old.cert, &p.new_by_old]),
            vec![&subject],
            ROLLED,
        ),
        (
            "linked, all that AD CS writes",
            base.clone()
                .authorities(&[&p.old.cert, &p.new.cert, &p.new_by_old, &p.old_by_new]),
            vec![&subject],
            ROLLED,
        ),
        (
            "not linked",
            base.clone().authorities(&[&p.old.cert, &p.new.cert]),
            vec![&subject],
            ALIKE,
        ),
        (
            "linked the other way round",
            base.clone().authorities(&[&p.old.cert, &p.new.cert, &p.old_by_new]),
            vec![&subject],
            ROLLED,
        ),
        (
            "the link is found",
            base.clone().authorities(&[&p.old.cert]).found(&[&p.new_by_old]),
            vec![&subject],
            ALIKE,
        ),
        (
            "the link is brought",
            base.authorities(&[&p.old.cert]),
            vec![&subject, &p.new_by_old],
            ALIKE,
        ),
        // Backwards: the new parent certified the old, or carries its hash.
        (
            "back over a link",
            back(&[&p.new.cert, &p.old_by_new], &[]),
            vec![&leaf(&old, "p")],
            ROLLED,
        ),
        (
            "back over a hash",
            back(&[&hashed, &p.old.cert], &[]),
            vec![&leaf(&old, "p")],
            ROLLED,
        ),
        (
            "back without either",
            back(&[&p.new.cert, &p.old.cert], &[]),
            vec![&leaf(&old, "p")],
            ALIKE,
        ),
        (
            "back over a hash, the old parent found",
            back(&[&hashed], &[&p.old.cert]),
            vec![&leaf(&old, "p")],
            ALIKE,
        ),
    ]);
}

#[test]
fn the_previous_ca_hash_joins_the_certificate_before_where_the_later_one_is_signed_by_the_authority_or_its_parent() {
    let old = Ca::root_with(CONTOSO, &key("self 0"));
    let new = old.rekey(&key("self 1"));
    let w = World::new();
    let orphan = ask()
        .file("fe01", &[&leaf(&w.rekeyed, "fe01")])
        .found(&[&w.rekeyed.cert, &w.ca.cert]);
    let renewed = old.renew();
    // The hash of another certificate for the same key is not the hash of this one.
    let other = CertBuilder::authority(CONTOSO, &old.key).serial(&[9]).build();
    let subject = leaf(&old, "p");
    // The one before under another root, so that only the hash joins it.
    let elsewhere = Ca::root("CN=Elsewhere").issue_ca_with(CONTOSO, &key("moved 0"));
    let moved = CertBuilder::authority(CONTOSO, &key("moved 1"))
        .issuer(&w.root)
        .previous_ca_hash(&Digest::Sha1.hash(elsewhere.cert.der()))
        .build_ca();
    let moving = |vouched: &[&Cert], found: &[&Cert]| {
        ask()
            .file("fe01", &[&leaf(&moved, "fe01")])
            .authorities(vouched)
            .found(found)
    };
    let before = leaf(&elsewhere, "p");
    rows(&[
        (
            "a root's own key signed it",
            under(&new).found(&[&old.cert]),
            vec![&subject],
            ROLLED,
        ),
        ("brought", under(&new), vec![&subject, &old.cert], ROLLED),
        (
            "all found",
            ask()
                .file("fe01", &[&leaf(&new, "fe01")])
                .found(&[&new.cert, &old.cert]),
            vec![&subject],
            ROLLED,
        ),
        (
            "the wrong certificate",
            under(&new).found(&[&other]),
            vec![&subject],
            ALIKE,
        ),
        (
            "not forwards",
            under(&old).authorities(&[&new.cert]),
            vec![&leaf(&new, "p")],
            REFUSED,
        ),
        (
            "a hash that none of the authority's keys signed",
            orphan,
            vec![&leaf(&w.ca, "p")],
            ALIKE,
        ),
        (
            "signed by a vouched parent",
            moving(&[&w.root.cert, &moved.cert], &[&elsewhere.cert]),
            vec![&before],
            ROLLED,
        ),
        (
            "signed by a parent that is found",
            moving(&[&moved.cert], &[&w.root.cert, &elsewhere.cert]),
            vec![&before],
            ALIKE,
        ),
        (
            "in a certificate that is found",
            moving(&[&w.root.cert], &[&moved.cert, &elsewhere.cert]),
            vec![&before],
            ALIKE,
        ),
        (
            "signed by nobody known",
            moving(&[&moved.cert], &[&elsewhere.cert]),
            vec![&before],
            ALIKE,
        ),
        (
            "renewed with the same key, there is nothing to join",
            under(&old).found(&[&renewed.cert]),
            vec![&leaf(&renewed, "p")],
            SAME,
        ),
    ]);
}

#[test]
fn three_generations_are_joined_one_by_one() {
    // By links.
    let zero = Ca::root_with(CONTOSO, &key("g 0"));
    let one = zero.rekeying(&key("g 1")).no_previous_ca_hash().build_ca();
    let two = one.rekeying(&key("g 2")).no_previous_ca_hash().build_ca();
    let (up, on) = (zero.cross_certify(&one), one.cross_certify(&two));
    let subject = leaf(&two, "p");
    // By hashes.
    let (a, b) = (zero.rekey(&key("h 1")), zero.rekey(&key("h 1")).rekey(&key("h 2")));
    // By one parent, which certified only neighbours: first and second under one, second and third under another.
    let (left, right) = (Ca::root("CN=Left"), Ca::root("CN=Right"));
    let first = left.issue_ca_with(CONTOSO, &key("n 0"));
    let second = left.issue_ca_with(CONTOSO, &key("n 1"));
    let second_too = right.issue_ca_with(CONTOSO, &key("n 1"));
    let third = right.issue_ca_with(CONTOSO, &key("n 2"));
    let neighbours = under(&first)
        .authorities(&[&left.cert, &right.cert, &second_too.cert])
        .found(&[&second.cert, &third.cert]);
    rows(&[
        ("links", under(&zero).found(&[&on, &up]), vec![&subject], ROLLED),
        (
            "links, in the other order",
            under(&zero).found(&[&up, &on]),
            vec![&subject],
            ROLLED,
        ),
        (
            "links, one brought",
            under(&zero).found(&[&up]),
            vec![&subject, &on],
            ROLLED,
        ),
        (
            "one link is missing",
            under(&zero).found(&[&on, &one.cert]),
            vec![&subject],
            ALIKE,
        ),
        (
            "hashes",
            under(&b).found(&[&zero.cert, &a.cert]),
            vec![&leaf(&zero, "p")],
            ROLLED,
        ),
        (
            "one certificate between is missing",
            under(&b).found(&[&zero.cert]),
            vec![&leaf(&zero, "p")],
            ALIKE,
        ),
        ("two parents in turn", neighbours, vec![&leaf(&third, "p")], ROLLED),
    ]);
}

#[test]
fn three_generations_show_as_one_authority_with_how_each_key_was_joined() {
    let w = World::new();
    let third = w.rekeyed.rekey(&key("contoso-2"));
    let asked = under(&w.ca).authorities(&[&w.root.cert, &w.rekeyed.cert, &third.cert]);
    let report = asked.on(&[&leaf(&third, "p")]);
    let [authority] = report.reference.authorities.as_slice() else {
        panic!("one authority")
    };
    let mut keys: Vec<(String, String)> = authority
        .keys
        .iter()
        .map(|key| (key.ca_version.clone().unwrap(), word(&key.joined_by)))
        .collect();
    keys.sort();
    assert_eq!(keys[0], ("V0.0".into(), "member".into()));
    assert_eq!(
        keys[1..]
            .iter()
            .map(|(version, _)| version.as_str())
            .collect::<Vec<_>>(),
        ["V1.1", "V2.2"]
    );
    assert!(keys[1..].iter().all(|(_, by)| by == "common-parent"), "{keys:?}");
}

#[test]
fn a_ca_renewed_with_the_same_key_is_the_same_key() {
    let w = World::new();
    let renewed = w.ca.renew();
    rows(&[
        (
            "only the renewed certificate at hand",
            ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&renewed.cert]),
            vec![&leaf(&w.ca, "p")],
            SAME,
        ),
        (
            "reference under one, subject under the other",
            under(&w.ca),
            vec![&leaf(&renewed, "p"), &renewed.cert],
            SAME,
        ),
    ]);
}

#[test]
fn only_a_usable_key_of_a_ca_is_joined() {
    let w = World::new();
    let weak = w.root.issue_ca_with(CONTOSO, &Key::rsa(1024, "ca"));
    let mere_leaf = CertBuilder::authority(CONTOSO, &key("no ca"))
        .issuer(&w.ca)
        .not_ca()
        .build_ca();
    let no_sign = CertBuilder::authority(CONTOSO, &key("no ca"))
        .issuer(&w.ca)
        .key_usage(&[6])
        .build_ca();
    let base = under(&w.ca).authorities(&[&w.root.cert]);
    let unknown = "undetermined name-only/name: issuer-key-differs=doubt";
    rows(&[
        (
            "RSA 1024, vouched",
            base.clone().authorities(&[&weak.cert]),
            vec![&leaf(&weak, "p")],
            ROLLED,
        ),
        (
            "RSA 1024, found",
            base.clone().found(&[&weak.cert]),
            vec![&leaf(&weak, "p")],
            unknown,
        ),
        (
            "not a CA",
            base.clone().authorities(&[&mere_leaf.cert]),
            vec![&leaf(&mere_leaf, "p")],
            unknown,
        ),
        (
            "may not sign",
            base.authorities(&[&no_sign.cert]),
            vec![&leaf(&no_sign, "p")],
            unknown,
        ),
    ]);
}

#[test]
fn members_of_three_generations_are_one_authority_in_any_order() {
    let zero = Ca::root_with(CONTOSO, &key("g 0"));
    let one = zero.rekeying(&key("g 1")).no_previous_ca_hash().build_ca();
    let two = one.rekeying(&key("g 2")).no_previous_ca_hash().build_ca();
    let links = [zero.cross_certify(&one), one.cross_certify(&two)];
    let members = [leaf(&zero, "a"), leaf(&one, "b"), leaf(&two, "c")];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut asked = ask().authorities(&[&zero.cert, &links[0], &links[1]]);
        for index in order {
            asked = asked.file(&format!("fe{index}"), &[&members[index]]);
        }
        assert_eq!(asked.standing(), "", "{order:?}");
        for ca in [&zero, &one, &two] {
            assert_eq!(asked.verdict(&[&leaf(ca, "p")]), SAME, "{order:?}");
        }
    }
}
