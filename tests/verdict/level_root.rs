//! Level root: self-signed CAs reached by verified steps in place of issuers.

use mint::*;
use same_ca::protocol::{Code, EvidenceKind, Relation, Report, Severity, Status};
use serde_json::json;

use crate::support::request::{Ask, ask, verdict, weight};
use crate::support::try_check;

const ROOT: &str = "CN=Contoso Root CA,DC=contoso,DC=com";
const ONE: &str = "CN=Contoso Issuing CA 1,DC=contoso,DC=com";
const TWO: &str = "CN=Contoso Issuing CA 2,DC=contoso,DC=com";

const SAME: (Relation, Status) = (Relation::Same, Status::Compliant);
const ROLLOVER: (Relation, Status) = (Relation::Rollover, Status::Compliant);
const UNPROVEN: (Relation, Status) = (Relation::Unproven, Status::Undetermined);
const DIFFERENT: (Relation, Status) = (Relation::Different, Status::Noncompliant);

fn key(label: &str) -> Key {
    Key::ec("P-256", label)
}

fn at_root() -> Ask {
    ask().policy("level", "root")
}

fn leaf(ca: &Ca) -> Cert {
    ca.server("pchat01.contoso.com").build()
}

fn member(ca: &Ca) -> Cert {
    ca.server("fe01.contoso.com").build()
}

/// The codes of the reference, of its members too.
fn reference_codes(report: &Report) -> Vec<(Code, Severity)> {
    let members = report.reference.members.iter().flat_map(|member| &member.findings);
    let all = report.reference.findings.iter().chain(members);
    all.map(|finding| (finding.code, finding.severity)).collect()
}

#[test]
fn two_issuing_cas_of_one_root_are_one_at_level_root_and_two_at_level_issuing() {
    let root = Ca::root(ROOT);
    let (one, two) = (root.issue_ca(ONE), root.issue_ca(TWO));
    let scene = ask()
        .reference(&member(&one))
        .authority(&root.cert)
        .authority(&one.cert);
    for (how, scene) in [
        ("vouched", scene.clone().authority(&two.cert).subject(&leaf(&two), &[])),
        ("found", scene.clone().intermediate(&two.cert).subject(&leaf(&two), &[])),
        ("brought", scene.clone().subject(&leaf(&two), &[&two.cert])),
    ] {
        let subject = scene.clone().policy("level", "root").first();
        assert_eq!(verdict(&subject), SAME, "{how}: {:?}", subject.findings);
        let kinds: Vec<EvidenceKind> = subject.evidence.iter().map(|step| step.kind).collect();
        assert!(
            kinds.len() >= 4 && kinds.iter().all(|kind| *kind == EvidenceKind::Issued),
            "{how}: {kinds:?}"
        );
        let subject = scene.first();
        assert_eq!(verdict(&subject), DIFFERENT, "{how}");
        assert_eq!(weight(&subject, Code::SameRoot), Some(Severity::Info), "{how}");
    }
    let subject = scene.subject(&leaf(&two), &[]).policy("level", "root").first();
    assert_eq!(verdict(&subject), UNPROVEN, "its issuing CA is not at hand");
    assert_eq!(weight(&subject, Code::CaCertificateMissing), Some(Severity::Doubt));
}

#[test]
fn the_hint_at_the_same_root_needs_a_vouched_root_that_both_reach() {
    let root = Ca::root(ROOT);
    let (one, two) = (root.issue_ca(ONE), root.issue_ca(TWO));
    let scene = ask().reference(&member(&one)).authority(&one.cert);
    let found = scene
        .clone()
        .intermediate(&root.cert)
        .subject(&leaf(&two), &[&two.cert, &root.cert]);
    assert_eq!(verdict(&found.first()), DIFFERENT);
    assert_eq!(weight(&found.first(), Code::SameRoot), None, "the root is merely found");
    let other = Ca::root("CN=Other Root").issue_ca(TWO);
    let scene = scene.authority(&root.cert);
    let subject = scene
        .clone()
        .subject(&leaf(&other), &[&other.cert, &Ca::root("CN=Other Root").cert])
        .first();
    assert_eq!(weight(&subject, Code::SameRoot), None, "another root");
    let fake = Ca::root_with(ROOT, &key("fake root"));
    let other = fake.issue_ca_with(TWO, &key("fake"));
    let subject = scene.subject(&leaf(&other), &[&other.cert, &fake.cert]).first();
    assert_eq!(weight(&subject, Code::SameRoot), None, "a root of the same name");
}

#[test]
fn another_root_is_different_and_a_root_of_the_same_name_a_look_alike() {
    let root = Ca::root(ROOT);
    let one = root.issue_ca(ONE);
    let scene = at_root()
        .reference(&member(&one))
        .authority(&root.cert)
        .authority(&one.cert);
    let other = Ca::root("CN=Other Root");
    let fake = Ca::root_with(ROOT, &key("fake root"));
    for (what, top, wanted) in [
        ("another root", &other, DIFFERENT),
        ("a look-alike root", &fake, (Relation::NameOnly, Status::Noncompliant)),
    ] {
        for name in [ONE, TWO] {
            let issuing = top.issue_ca_with(name, &key("not contoso's"));
            let subject = scene
                .clone()
                .subject(&leaf(&issuing), &[&issuing.cert, &top.cert])
                .first();
            assert_eq!(verdict(&subject), wanted, "{what}, {name}: {:?}", subject.findings);
        }
        let subject = scene.clone().subject(&leaf(top), &[&top.cert]).first();
        assert_eq!(verdict(&subject), wanted, "{what}, directly");
    }
}

#[test]
fn everything_above_a_members_issuer_must_be_vouched() {
    let root = Ca::root(ROOT);
    let policy = root.issue_ca("CN=Contoso Policy CA");
    let one = policy.issue_ca(ONE);
    let all = [&root.cert, &policy.cert, &one.cert];
    for vouched in 0..8usize {
        let mut scene = at_root().reference(&member(&one));
        for (bit, cert) in all.iter().enumerate() {
            scene = match vouched >> bit & 1 {
                1 => scene.authority(cert),
                _ => scene.intermediate(cert),
            };
        }
        let subject = scene.subject(&leaf(&one), &[]).first();
        let wanted = if vouched & 0b011 == 0b011 { SAME } else { UNPROVEN };
        assert_eq!(
            verdict(&subject),
            wanted,
            "vouched {vouched:03b}: {:?}",
            subject.findings
        );
    }
    // What a subject brings makes no root a vouched one.
    let scene = at_root().reference(&member(&one)).authority(&one.cert);
    let subject = scene.subject(&leaf(&one), &all).first();
    assert_eq!(verdict(&subject), UNPROVEN);
    // By TLS likewise, whatever the server sends.
    let scene = at_root()
        .tls_chain("fe01.contoso.com", &member(&one), &all)
        .subject(&leaf(&one), &all);
    assert_eq!(verdict(&scene.first()), UNPROVEN);
    let scene = scene.authority(&root.cert);
    assert_eq!(verdict(&scene.first()), UNPROVEN, "the policy CA came by TLS alone");
    assert_eq!(verdict(&scene.authority(&policy.cert).first()), SAME);
}

#[test]
fn a_step_that_is_no_cas_or_breaks_a_limit_leads_nowhere() {
    let root = Ca::root(ROOT);
    let one = root.issue_ca(ONE);
    let scene = at_root()
        .reference(&member(&one))
        .authority(&root.cert)
        .authority(&one.cert);
    let two = CertBuilder::authority(TWO, &key("two")).issuer(&root);
    let under = |ca: &Ca, name: &str| CertBuilder::authority(name, &key(name)).issuer(ca).build_ca();
    let host = |ca: &Ca, name: &str| ca.server(name).build();
    let dns = |name: &str| vec![San::dns(name)];
    let common = |ca: &Ca, name: &str| ca.server(name).sans(vec![]).build();

    let plain = two.clone().build_ca();
    let no_ca = two.clone().not_ca().build_ca();
    let no_sign = two.clone().key_usage(&[usage::CRL_SIGN]).build_ca();
    let critical = two.clone().unknown_critical().build_ca();
    let short = two.clone().ca(Some(0)).build_ca();
    let longer = two.clone().ca(Some(1)).build_ca();
    let below = under(&short, "CN=Sub");
    let allowed = under(&longer, "CN=Sub");
    let too_deep = under(&allowed, "CN=Sub Sub");
    let again = CertBuilder::authority(TWO, &key("two again")).issuer(&short).build_ca();
    let permitted = two.clone().name_constraints(dns("contoso.com"), vec![]).build_ca();
    let excluded = two.clone().name_constraints(vec![], dns("evil.com")).build_ca();
    let constrained = under(&permitted, "CN=Sub");
    for (what, cert, chain, wanted) in [
        ("a plain issuing CA", leaf(&plain), vec![&plain.cert], SAME),
        ("cA FALSE", leaf(&no_ca), vec![&no_ca.cert], UNPROVEN),
        ("no keyCertSign", leaf(&no_sign), vec![&no_sign.cert], UNPROVEN),
        (
            "an unknown critical extension",
            leaf(&critical),
            vec![&critical.cert],
            UNPROVEN,
        ),
        ("path length 0, no CA below", leaf(&short), vec![&short.cert], SAME),
        (
            "path length 0, a CA below",
            leaf(&below),
            vec![&below.cert, &short.cert],
            UNPROVEN,
        ),
        (
            "path length 0, a self-issued CA below",
            leaf(&again),
            vec![&again.cert, &short.cert],
            SAME,
        ),
        (
            "path length 1, a CA below",
            leaf(&allowed),
            vec![&allowed.cert, &longer.cert],
            SAME,
        ),
        (
            "path length 1, two below",
            leaf(&too_deep),
            vec![&too_deep.cert, &allowed.cert, &longer.cert],
            UNPROVEN,
        ),
        (
            "a permitted name",
            host(&permitted, "a.contoso.com"),
            vec![&permitted.cert],
            SAME,
        ),
        (
            "a name that is not permitted",
            host(&permitted, "a.evil.com"),
            vec![&permitted.cert],
            UNPROVEN,
        ),
        (
            "a permitted common name",
            common(&permitted, "a.contoso.com"),
            vec![&permitted.cert],
            SAME,
        ),
        (
            "a common name that is not permitted",
            common(&permitted, "a.evil.com"),
            vec![&permitted.cert],
            UNPROVEN,
        ),
        (
            "not permitted, one CA lower",
            host(&constrained, "evil.com"),
            vec![&constrained.cert, &permitted.cert],
            UNPROVEN,
        ),
        (
            "permitted, one CA lower",
            host(&constrained, "b.contoso.com"),
            vec![&constrained.cert, &permitted.cert],
            SAME,
        ),
        (
            "an excluded name",
            host(&excluded, "a.evil.com"),
            vec![&excluded.cert],
            UNPROVEN,
        ),
        (
            "a name that is not excluded",
            host(&excluded, "a.contoso.com"),
            vec![&excluded.cert],
            SAME,
        ),
    ] {
        let subject = scene.clone().subject(&cert, &chain).first();
        assert_eq!(verdict(&subject), wanted, "{what}: {:?}", subject.findings);
    }
}

#[test]
fn a_member_that_breaks_a_limit_has_no_root() {
    let root = CertBuilder::authority(ROOT, &key("root")).ca(Some(1)).build_ca();
    let (policy, one) = (root.issue_ca("CN=Policy"), root.issue_ca(ONE));
    let deep = policy.issue_ca(TWO);
    let scene = at_root()
        .authority(&root.cert)
        .authority(&policy.cert)
        .authority(&deep.cert)
        .authority(&one.cert);
    assert_eq!(
        verdict(
            &scene
                .clone()
                .reference(&member(&deep))
                .subject(&leaf(&deep), &[])
                .first()
        ),
        UNPROVEN
    );
    assert_eq!(
        verdict(&scene.reference(&member(&one)).subject(&leaf(&one), &[]).first()),
        SAME
    );
}

/// An issuing CA whose root another root has certified as well.
struct Crossed {
    old: Ca,
    new: Ca,
    cross: Cert,
    one: Ca,
}

fn crossed() -> Crossed {
    let (old, new) = (Ca::root(ROOT), Ca::root("CN=Contoso Root CA 2"));
    Crossed {
        cross: new.cross_certify(&old),
        one: old.issue_ca(ONE),
        old,
        new,
    }
}

#[test]
fn members_that_reach_two_roots_are_several_roots_unless_a_pin_names_one() {
    let Crossed { old, new, cross, one } = crossed();
    let two = new.issue_ca(TWO);
    let with = |scene: Ask| {
        [&old.cert, &new.cert, &cross, &one.cert, &two.cert]
            .into_iter()
            .fold(scene, Ask::authority)
    };
    let scene = with(at_root()).reference(&member(&one));
    for references in ["agree", "any"] {
        let report = scene
            .clone()
            .policy("references", references)
            .subject(&leaf(&one), &[])
            .check();
        assert!(
            reference_codes(&report).contains(&(Code::SeveralRoots, Severity::Error)),
            "{references}"
        );
        assert_eq!(report.subjects[0].status, Some(Status::Undetermined), "{references}");
    }
    for (pin, by_one, by_two) in [(&old, SAME, DIFFERENT), (&new, SAME, SAME)] {
        for scene in [with(at_root()).pinned(&pin.cert), with(at_root()).pinned_key(&pin.key)] {
            for scene in [scene.clone(), scene.reference(&member(&one))] {
                let report = scene.subject(&leaf(&one), &[]).subject(&leaf(&two), &[]).check();
                let verdicts: Vec<_> = report.subjects.iter().map(verdict).collect();
                assert_eq!(verdicts, [by_one, by_two]);
                assert!(
                    reference_codes(&report)
                        .iter()
                        .all(|(code, _)| *code != Code::SeveralRoots)
                );
            }
        }
    }
    let lonely = [&old.cert, &one.cert].into_iter().fold(at_root(), Ask::authority);
    let report = lonely
        .reference(&member(&one))
        .subject(&leaf(&one), &[&cross, &new.cert])
        .check();
    assert_eq!(
        verdict(&report.subjects[0]),
        SAME,
        "a second root that only the subject brings is none of the members'"
    );
}

#[test]
fn a_subject_needs_one_path_to_an_allowed_root() {
    let Crossed { old, new, cross, one } = crossed();
    // The members are under the new root; the subject's issuing CA is under the old, which the new has certified.
    let two = new.issue_ca(TWO);
    let scene = at_root()
        .reference(&member(&two))
        .authority(&new.cert)
        .authority(&two.cert);
    for (what, chain, wanted) in [
        ("by way of the cross-certificate", vec![&one.cert, &cross], SAME),
        ("with both roots", vec![&one.cert, &old.cert, &cross], SAME),
        ("to the old root alone", vec![&one.cert, &old.cert], DIFFERENT),
        ("to no root", vec![&one.cert], UNPROVEN),
    ] {
        let subject = scene.clone().subject(&leaf(&one), &chain).first();
        assert_eq!(verdict(&subject), wanted, "{what}: {:?}", subject.findings);
    }
}

#[test]
fn roots_that_rollover_joins_are_one() {
    let old = Ca::root(ROOT);
    let new = old.rekey(&key("second generation"));
    let (forward, back) = (old.cross_certify(&new), new.cross_certify(&old));
    let (one, two) = (old.issue_ca(ONE), new.issue_ca(TWO));
    let vouch = |scene: Ask, certs: &[&Cert]| certs.iter().fold(scene, |scene, cert| scene.authority(cert));
    let roots = [&old.cert, &new.cert, &one.cert, &two.cert];
    for (what, links, wanted) in [
        ("(0-1)", vec![&forward], ROLLOVER),
        ("both", vec![&forward, &back], ROLLOVER),
        // The trusted new root says by its hash that a link was made.
        ("no link", vec![], (Relation::NameOnly, Status::Undetermined)),
    ] {
        let scene = vouch(vouch(at_root(), &roots), &links).reference(&member(&one));
        let subject = scene.clone().subject(&leaf(&two), &[]).first();
        let reached_both = what != "no link" && verdict(&subject) == SAME;
        assert!(
            verdict(&subject) == wanted || reached_both,
            "{what}: {:?} {:?}",
            verdict(&subject),
            subject.findings
        );
        let report = scene
            .clone()
            .reference(&member(&two))
            .subject(&leaf(&one), &[])
            .subject(&leaf(&two), &[])
            .check();
        // The new root names the old one as the one before: with a member of its own that is a link, backwards.
        assert_eq!(
            reference_codes(&report),
            [],
            "{what}: one root in two generations is one"
        );
        assert_eq!(report.reference.authorities.len(), 1, "{what}");
        assert_eq!(report.summary.compliant, 2, "{what}");
    }
    let stranger = Ca::root_with(ROOT, &key("stranger"));
    let two = stranger.issue_ca(TWO);
    let scene = vouch(at_root(), &[&old.cert, &stranger.cert, &one.cert, &two.cert]);
    let report = scene
        .reference(&member(&one))
        .reference(&member(&two))
        .subject(&leaf(&one), &[])
        .check();
    assert!(reference_codes(&report).contains(&(Code::ReferencesDisagree, Severity::Error)));
    // A link by the fake root, to the genuine one.
    let fake = Ca::root_with(ROOT, &key("fake root"));
    let three = fake.issue_ca_with(TWO, &key("fake"));
    let scene = vouch(at_root(), &roots).reference(&member(&one));
    let chain = [&three.cert, &fake.cert, &fake.cross_certify(&old)];
    assert_eq!(
        verdict(&scene.subject(&leaf(&three), &chain).first()),
        (Relation::NameOnly, Status::Noncompliant)
    );
}

#[test]
fn a_pin_that_is_not_self_signed_is_refused_with_its_pointer() {
    let root = Ca::root(ROOT);
    let one = root.issue_ca(ONE);
    let answer = |scene: Ask| {
        let request = serde_json::to_vec(&scene.subject(&leaf(&one), &[&one.cert]).request()).unwrap();
        try_check(&same_ca::json::read(&request).unwrap())
    };
    for scene in [at_root(), at_root().authority(&root.cert)] {
        let fault = answer(scene.clone().reference(&member(&one)).pinned(&one.cert)).unwrap_err();
        assert_eq!(fault.pointer.as_deref(), Some("/reference/1/authority"));
        assert!(answer(scene.pinned(&root.cert)).is_ok());
    }
    assert!(
        answer(ask().pinned(&one.cert)).is_ok(),
        "at level issuing any CA will do"
    );
    let renewed = CertBuilder::authority(ROOT, &root.key)
        .issuer(&Ca::root_with(ROOT, &key("another")))
        .build();
    assert!(
        answer(at_root().pinned(&renewed)).is_err(),
        "self-issued is not self-signed"
    );
}

#[test]
fn a_pinned_root_is_the_only_one_allowed() {
    let (root, other) = (Ca::root(ROOT), Ca::root("CN=Other Root"));
    let (one, two) = (root.issue_ca(ONE), other.issue_ca(TWO));
    let scene = at_root()
        .pinned(&root.cert)
        .authority(&one.cert)
        .authority(&two.cert)
        .authority(&other.cert);
    let report = scene
        .clone()
        .subject(&leaf(&one), &[])
        .subject(&leaf(&two), &[])
        .check();
    assert_eq!(
        report.subjects.iter().map(verdict).collect::<Vec<_>>(),
        [SAME, DIFFERENT]
    );
    let report = scene
        .reference(&member(&two))
        .policy("references", "any")
        .subject(&leaf(&one), &[])
        .check();
    assert!(reference_codes(&report).contains(&(Code::ReferencesDisagree, Severity::Error)));
    assert_eq!(report.subjects[0].status, Some(Status::Undetermined));
}

#[test]
fn a_distrusted_key_lies_on_no_path() {
    let root = Ca::root(ROOT);
    let (one, two) = (root.issue_ca(ONE), root.issue_ca(TWO));
    let all = [&root.cert, &one.cert, &two.cert]
        .into_iter()
        .fold(at_root(), Ask::authority);
    let scene = all.reference(&member(&one));
    let distrust = |key: &Key| json!([{"key_sha256": key.spki_sha256()}]);
    let of = |scene: &Ask, key: &Key, cert: &Cert| {
        scene
            .clone()
            .policy("distrust", distrust(key))
            .subject(cert, &[])
            .first()
    };
    let subject = of(&scene, &two.key, &leaf(&two));
    assert_ne!(subject.status, Some(Status::Compliant), "its issuer is distrusted");
    assert_eq!(weight(&subject, Code::AuthorityDistrusted), Some(Severity::Error));
    assert_eq!(verdict(&of(&scene, &two.key, &leaf(&one))), SAME, "another issuer is");
    assert_ne!(
        of(&scene, &root.key, &leaf(&one)).status,
        Some(Status::Compliant),
        "the root is distrusted"
    );
}

#[test]
fn members_of_different_roots_disagree_and_any_allows_each() {
    let (a, b) = (Ca::root(ROOT), Ca::root("CN=Other Root"));
    let (one, two) = (a.issue_ca(ONE), b.issue_ca(TWO));
    let all = [&a.cert, &b.cert, &one.cert, &two.cert]
        .into_iter()
        .fold(at_root(), Ask::authority);
    let scene = all
        .reference(&member(&one))
        .reference(&member(&two))
        .subject(&leaf(&one), &[])
        .subject(&leaf(&two), &[]);
    assert_eq!(scene.check().summary.undetermined, 2);
    assert_eq!(scene.policy("references", "any").check().summary.compliant, 2);
}

#[test]
fn where_no_member_has_a_root_an_identical_certificate_of_one_that_may_differ_is_no_proof() {
    let (one, evil) = (Ca::root(ROOT).issue_ca(ONE), Ca::root("CN=Evil Root"));
    let theirs = evil.server("fe02.contoso.com").build();
    for level in ["issuing", "root"] {
        let scene = ask().policy("level", level).reference(&member(&one));
        let alone = scene.clone().subject(&member(&one), &[]).first();
        assert_eq!(verdict(&alone), SAME, "level {level}: byte for byte the only member's");
        let scene = scene.tls_chain("fe02.contoso.com", &theirs, &[]);
        for cert in [&theirs, &member(&one)] {
            let subject = scene.clone().subject(cert, &[]).first();
            assert_ne!(
                subject.status,
                Some(Status::Compliant),
                "level {level}: {:?}",
                subject.findings
            );
        }
    }
}

#[test]
fn thousands_of_reference_servers_are_no_limit() {
    let root = Ca::root(ROOT);
    let one = root.issue_ca(ONE);
    let cert = member(&one);
    let source = crate::support::request::der(&cert, &[]);
    let scene = at_root().authority(&root.cert).authority(&one.cert);
    let scene = (0..3000).fold(scene, |scene, _| scene.reference_source(source.clone()));
    // It brings what makes everything be worked out anew.
    let two = root.issue_ca(TWO);
    let report = scene.subject(&leaf(&two), &[&two.cert]).check();
    assert_eq!(reference_codes(&report), []);
    assert_eq!(verdict(&report.subjects[0]), SAME, "{:?}", report.subjects[0].findings);
}
