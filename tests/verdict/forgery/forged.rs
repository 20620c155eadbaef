//! The forgeries, each with what it is.

use mint::cert::oid;
use mint::*;

use super::*;

/// A forgery: what it is, the certificate, and what comes along.
pub(super) type Forgery = (String, Cert, Vec<Cert>);

/// Everything that needs the attacker's own keys, and what is public, alone.
pub(super) fn forgeries(world: &World) -> Vec<Forgery> {
    let mut all: Vec<Forgery> = Vec::new();
    let mut add = |what: &str, cert: Cert, chain: Vec<Cert>| all.push((what.to_owned(), cert, chain));
    let genuine = || vec![world.issuing.cert.clone(), world.root.cert.clone()];
    let mallory = &world.mallory;

    // Look-alikes, and identifiers that lie.
    let plain = world.look_alike().build_ca();
    let spoofed = world.look_alike().ski(Ski::Bytes(world.genuine_ski())).build_ca();
    for (what, ca) in [
        ("a look-alike CA", &plain),
        ("a look-alike CA with the genuine SKI", &spoofed),
    ] {
        add(what, world.forged(ca), vec![ca.cert.clone()]);
        add(&format!("{what}, not shown"), world.forged(ca), vec![]);
        add(
            &format!("{what}, beside the genuine"),
            world.forged(ca),
            [vec![ca.cert.clone()], genuine()].concat(),
        );
        let twice = [genuine(), vec![ca.cert.clone()]].concat();
        add(&format!("{what}, after the genuine"), world.forged(ca), twice);
    }
    add(
        "the genuine AKI, the attacker's signature",
        world.claimed().build(),
        vec![],
    );
    add("the genuine AKI and chain", world.claimed().build(), genuine());
    add("no AKI", world.claimed().aki(Aki::Absent).build(), genuine());
    add(
        "AKI by issuer and serial",
        world.claimed().aki(Aki::IssuerSerial).build(),
        genuine(),
    );

    // Signatures that are none.
    let claimed = world.claimed().build();
    let zeros = der::seq(&[&der::int(0), &der::int(0)]);
    for (what, signature) in [
        ("an empty signature", vec![]),
        ("a signature of zeros", vec![0; 256]),
        ("r and s of zero", zeros),
        ("r and s of one", der::seq(&[&der::int(1), &der::int(1)])),
        ("a signature of one", [vec![0; 255], vec![1]].concat()),
    ] {
        add(what, forge::with_signature(&claimed, &signature), genuine());
    }
    add(
        "another certificate's signature",
        forge::with_signature_of(&claimed, &world.reference),
        genuine(),
    );

    // The genuine CA's signature, on what is no CA or says something else than it seems to.
    let good = world.issuing.server("pchat01.contoso.com").build();
    let other = Digest::Sha384;
    let swapped = world.issuing.key.signature_algorithm(other, None);
    add(
        "another outer algorithm",
        forge::with_outer_algorithm(&good, &swapped),
        genuine(),
    );
    add(
        "bytes after the certificate",
        forge::append_trailing(&good, b"\0x"),
        genuine(),
    );
    add(
        "a value within the certificate",
        forge::append_inside(&good, &der::null()),
        genuine(),
    );
    let under = |ca: &Ca| ca.server("pchat01.contoso.com").build();
    let host = CertBuilder::server("evil", mallory).issuer(&world.issuing);
    let named = host.clone().subject(ISSUING);
    let issuers = [
        ("a server's certificate as CA", host.build_ca()),
        ("a server's certificate of the CA's name", named.clone().build_ca()),
        (
            "cA FALSE and keyCertSign",
            named.clone().not_ca().key_usage(&[usage::KEY_CERT_SIGN]).build_ca(),
        ),
        (
            "no basicConstraints, keyCertSign",
            named.clone().key_usage(&[usage::KEY_CERT_SIGN]).build_ca(),
        ),
        (
            "cA TRUE without keyCertSign",
            named.clone().ca(None).key_usage(&[usage::CRL_SIGN]).build_ca(),
        ),
        ("version 1", named.clone().version1().build_ca()),
        (
            "basicConstraints twice",
            named
                .clone()
                .not_ca()
                .extension(oid::BASIC_CONSTRAINTS, true, &der::seq(&[&der::boolean(true)]))
                .build_ca(),
        ),
    ];
    for (what, ca) in &issuers {
        add(what, under(ca), [vec![ca.cert.clone()], genuine()].concat());
    }

    // Names that look alike: none of them has the key.
    let of_name = |name: Name| Ca::root_with(name, mallory);
    use Text::*;
    let spellings: Vec<(&str, Name)> = vec![
        ("case", "CN=CONTOSO issuing ca,DC=CONTOSO,DC=com".into()),
        ("spaces", "CN=  Contoso   Issuing CA ,DC=contoso,DC=com".into()),
        (
            "string types",
            Name::ordered(&[
                ("DC", Utf8("com")),
                ("DC", Printable("contoso")),
                ("CN", Bmp("Contoso Issuing CA")),
            ]),
        ),
        ("homoglyph", "CN=C\u{43e}ntoso Issuing CA,DC=contoso,DC=com".into()),
        ("zero-width", "CN=Con\u{200b}toso Issuing CA,DC=contoso,DC=com".into()),
        ("full-width", "CN=\u{ff23}ontoso Issuing CA,DC=contoso,DC=com".into()),
        ("RDN order", "DC=com,DC=contoso,CN=Contoso Issuing CA".into()),
        (
            "one RDN of three",
            Name::of_rdns(&[&[
                ("DC", Ia5("com")),
                ("DC", Ia5("contoso")),
                ("CN", Utf8("Contoso Issuing CA")),
            ]]),
        ),
        ("no name", "".into()),
        (
            "an embedded NUL",
            Name::ordered(&[
                ("DC", Ia5("com")),
                ("DC", Ia5("contoso")),
                ("CN", Utf8("Contoso Issuing CA\0")),
            ]),
        ),
        ("an escaped comma", "CN=Contoso Issuing CA\\,DC=contoso,DC=com".into()),
        ("an unreadable value", Name::ordered(&[("CN", Der(&[0x0c, 1, 0xff]))])),
    ];
    for (what, name) in spellings {
        let ca = of_name(name);
        add(&format!("the name by {what}"), under(&ca), vec![ca.cert.clone()]);
    }

    // Rollovers that are none.
    let fake = &plain;
    let reverse = fake.cross_certify(&world.issuing);
    add(
        "(a) backwards: the attacker's key signs the genuine one",
        under(fake),
        vec![fake.cert.clone(), reverse.clone()],
    );
    let link = CertBuilder::authority(ISSUING, mallory)
        .issuer(&world.issuing)
        .sign_with(mallory)
        .build();
    add(
        "(a) with a wrong signature",
        under(fake),
        [vec![link], genuine()].concat(),
    );
    let both = vec![
        fake.cert.clone(),
        reverse.clone(),
        CertBuilder::authority(ISSUING, mallory).issuer(fake).build(),
    ];
    add(
        "(a) both ways, neither by the genuine key",
        under(fake),
        [both, genuine()].concat(),
    );
    for (what, name) in [
        ("a parent of the attacker's", "CN=Evil Root"),
        ("a parent of the root's name", ROOT),
    ] {
        let parent = Ca::root_with(name, &Key::ec("P-256", "evil parent"));
        let twin = CertBuilder::authority(ISSUING, &world.issuing.key)
            .issuer(&parent)
            .build();
        let mine = parent.issue_ca_with(ISSUING, mallory);
        let chain = vec![mine.cert.clone(), twin, parent.cert.clone()];
        add(
            &format!("(b) {what}"),
            under(&mine),
            [chain.clone(), genuine()].concat(),
        );
        add(&format!("(b) {what}, the genuine not shown"), under(&mine), chain);
    }
    let claims = world
        .look_alike()
        .previous_ca_hash(&Digest::Sha1.hash(world.issuing.cert.der()))
        .ca_version(1, 1);
    let claims = claims.build_ca();
    add(
        "(c) the attacker's names the genuine as the one before",
        under(&claims),
        [vec![claims.cert.clone()], genuine()].concat(),
    );
    let later = CertBuilder::authority(ISSUING, &world.issuing.key)
        .previous_ca_hash(&Digest::Sha1.hash(fake.cert.der()))
        .ca_version(1, 1);
    for (what, later) in [
        ("the attacker", later.clone().issuer(fake).build()),
        ("nobody", later.clone().sign_with(mallory).build()),
        (
            "the attacker in the root's name",
            later.issuer(&world.root).sign_with(mallory).build(),
        ),
    ] {
        let what = format!("(c) a certificate for the genuine key by {what} names the attacker's as the one before");
        add(&what, under(fake), [vec![later, fake.cert.clone()], genuine()].concat());
    }

    // Roots.
    let root = Ca::root_with(ROOT, &Key::ec("P-256", "evil root"));
    let sub = root.issue_ca_with(ISSUING, mallory);
    add(
        "a root of the genuine name",
        under(&sub),
        vec![sub.cert.clone(), root.cert.clone()],
    );
    let crossed = root.cross_certify(&world.root);
    add(
        "the genuine root certified by the attacker's",
        under(&sub),
        vec![sub.cert, root.cert, crossed],
    );
    let own = CertBuilder::server("pchat01.contoso.com", mallory)
        .subject(ISSUING)
        .build();
    add("self-signed in the CA's name", own, vec![]);
    add(
        "self-signed",
        CertBuilder::server("pchat01.contoso.com", mallory).build(),
        vec![],
    );
    add("the look-alike CA itself", plain.cert.clone(), vec![]);
    add("the genuine CA itself", world.issuing.cert.clone(), genuine());
    add("the genuine root itself", world.root.cert.clone(), genuine());

    // Keys that lend nothing.
    for (what, key) in [
        ("DSA", Key::dsa("mallory")),
        ("PSS", Key::rsa_pss(2048, "look-alike")),
        ("P-224", Key::ec("P-224", "mallory")),
        ("Ed448", Key::ed448("mallory")),
        ("Ed25519", Key::ed25519("mallory")),
        ("an exponent of one's own", Key::rsa_exponent(2048, (1 << 32) + 1, "k")),
        ("RSA of 1024 bits", Key::rsa(1024, "ca")),
    ] {
        let ca = CertBuilder::authority(ISSUING, &key)
            .ski(Ski::Bytes(world.genuine_ski()))
            .build_ca();
        add(
            &format!("a look-alike with a key of {what}"),
            under(&ca),
            vec![ca.cert.clone()],
        );
    }
    // The neutral point: it verifies R = S·B for any message.
    let neutral = [vec![1], vec![0; 31]].concat();
    let spki = der::seq(&[&der::algorithm("1.3.101.112", &[]), &der::bits(&neutral)]);
    let ca = CertBuilder::authority(ISSUING, &Key::public_only(&spki))
        .sign_with(mallory)
        .build();
    let ed = der::algorithm("1.3.101.112", &[]);
    let cert = world.claimed().inner_algorithm(&ed).outer_algorithm(&ed).build();
    let cert = forge::with_signature(&cert, &[neutral.clone(), vec![0; 32]].concat());
    add("a key of small order", cert, vec![ca]);
    all
}

/// What can be made of an ECDSA signature of the reference's.
pub(super) fn ec_forgeries(world: &World) -> Vec<Forgery> {
    let mut all = Vec::new();
    let genuine = &world.issuing.key;
    for (what, key) in [
        (
            "a generator of one's own under the reference's signature",
            forge::duplicate_signature_ec_key(&world.reference, genuine),
        ),
        (
            "a generator of one's own under the CA's point",
            forge::same_point_ec_key(genuine),
        ),
    ] {
        for ski in [Ski::Auto, Ski::Bytes(world.genuine_ski())] {
            let ca = CertBuilder::authority(ISSUING, &key).ski(ski).build_ca();
            all.push((what.to_owned(), world.forged(&ca), vec![ca.cert.clone()]));
        }
    }
    let recovered = forge::recovered_ec_key(&world.reference, genuine);
    for ski in [Ski::Auto, Ski::Bytes(world.genuine_ski())] {
        let ca = CertBuilder::authority(ISSUING, &recovered)
            .ski(ski)
            .sign_with(&world.mallory)
            .build();
        // Nobody has its private half; the attacker's own CA is said to be its successor.
        let look_alike = world.look_alike().build_ca();
        let chain = vec![ca, look_alike.cert.clone(), look_alike.cross_certify(&world.issuing)];
        all.push((
            "the other key under the reference's signature".to_owned(),
            world.forged(&look_alike),
            chain,
        ));
    }
    all
}

/// What can be made of an RSA signature of the reference's.
pub(super) fn rsa_forgeries(world: &World) -> Vec<Forgery> {
    let mut all = Vec::new();
    let crafted = forge::duplicate_signature_rsa_key(&world.reference);
    for ski in [Ski::Auto, Ski::Bytes(world.genuine_ski())] {
        let ca = CertBuilder::authority(ISSUING, &crafted).ski(ski).build_ca();
        all.push((
            "a modulus made for the reference's signature".to_owned(),
            world.forged(&ca),
            vec![ca.cert.clone()],
        ));
    }
    let longer = forge::longer_modulus_rsa_key(&world.reference);
    let number = |n: &[u8]| der::uint(n);
    let spki = |n: &[u8], e: &[u8]| {
        let key = der::seq(&[&number(n), &number(e)]);
        Key::public_only(&der::seq(&[
            &der::algorithm(key::RSA_ENCRYPTION, &der::null()),
            &der::bits(&key),
        ]))
    };
    let n = world.issuing.key.rsa_numbers().n.to_bytes_be();
    for (what, key) in [
        ("a modulus longer than the signature", longer),
        ("an exponent of one", spki(&n, &[1])),
        ("an exponent of zero", spki(&n, &[0])),
        ("an even exponent", spki(&n, &[2])),
        ("a modulus of one", spki(&[1], &[1, 0, 1])),
        ("a modulus of zero", spki(&[0], &[1, 0, 1])),
        ("an even modulus", spki(&[vec![0x80], vec![0; 255]].concat(), &[3])),
        ("a modulus of 64 KiB", spki(&[0xff; 65_537], &[1, 0, 1])),
    ] {
        let ca = CertBuilder::authority(ISSUING, &key)
            .ski(Ski::Bytes(world.genuine_ski()))
            .sign_with(&world.mallory)
            .build();
        all.push((what.to_owned(), world.claimed().build(), vec![ca]));
    }
    all
}
