//! Hostile input.

use super::*;

// Hostile input.

#[test]
fn hostile_pem_is_refused_in_linear_time() {
    let started = Instant::now();
    let blocks = "-----BEGIN X-----\n-----END X-----\n".repeat(MAX_ITEMS + 1);
    assert_eq!(
        refused(blocks.as_bytes(), None),
        format!("too large: more than {MAX_ITEMS} PEM blocks")
    );
    let size = 512 << 10;
    for text in [
        "-".repeat(size),
        "- ".repeat(size / 2),
        "----".repeat(size / 4) + "-----BEGIN ",
        "-----BEGIN ".repeat(size / 11),
        "-----BEGIN \n".repeat(size / 12),
        "\n-----BEGIN CERTIFICATE ".repeat(size / 24),
        " ".repeat(size) + "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n".to_owned() + &":\n".repeat(size / 2) + "-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----".to_owned() + &"A".repeat(size) + "-----END CERTIFICATE-----",
        "A".repeat(size),
        "0".repeat(size),
    ] {
        assert!(decode(text.as_bytes(), None).is_err());
        assert!(decode(&utf16(&text, false), None).is_err());
    }
    // What is quadratic takes minutes. Wine adds a layer of its own.
    let patience = Duration::from_secs(if cfg!(windows) { 60 } else { 10 });
    assert!(started.elapsed() < patience, "{:?}", started.elapsed());
}

#[test]
fn limits_on_members_and_bags_hold() {
    let many = p7b(&[[0x30, 0x00].repeat(MAX_ITEMS + 1)]);
    assert!(matches!(decode(&many, None), Err(DecodeError::TooLarge { .. })));
    let exact = p7b(&[estate().leaf(), [0xa1, 0x00].repeat(MAX_ITEMS - 1)]);
    reads_as(&exact, Encoding::Pkcs7, &[estate().leaf()]);
    let many = pfx(&[data(&safe(&[[0x30, 0x00].repeat(MAX_ITEMS + 1)]))]);
    assert!(matches!(decode(&many, None), Err(DecodeError::TooLarge { .. })));
    let large = vec![b'\n'; MAX_INPUT_BYTES + 1];
    assert!(matches!(
        decode(&large, None),
        Err(DecodeError::TooLarge { what: "bytes", .. })
    ));
}

/// xorshift64*: the same mutations each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(7) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.below(256) as u8,
                2 => bytes[at] = [0, 0x80, 0xff, 0x7f, 0x30, 0x24, b'-'][self.below(7)],
                3 => drop(bytes.drain(at..(at + 1 + self.below(20)).min(bytes.len()))),
                4 => bytes.truncate(at + 1),
                5 => bytes.insert(at, self.below(256) as u8),
                _ => {
                    let piece = bytes[at..(at + self.below(60)).min(bytes.len())].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
            if bytes.is_empty() {
                bytes.push(0x30);
            }
        }
    }
}

#[test]
fn ten_thousand_mutations_of_each_format_neither_panic_nor_take_long() {
    let estate = estate();
    let bags: Vec<_> = estate.both().iter().map(|der| certificate_bag(der)).collect();
    let shrouded = bag(oid::SHROUDED_KEY_BAG, &Pbes2::aes256(2).key(&estate.key(), PASSWORD));
    let plain = pfx(&[data(&safe(&[
        bags.concat(),
        bag(oid::KEY_BAG, &estate.key()),
        shrouded.clone(),
    ]))]);
    let bundle = pem("CERTIFICATE", &estate.leaf())
        + &String::from_utf8(estate.key.private_key_to_pem_pkcs8().unwrap()).unwrap()
        + &pem("PKCS7", &p7b(&estate.both()));
    let formats = [
        estate.leaf(),
        bundle.clone().into_bytes(),
        utf16(&bundle, false),
        BASE64.encode(estate.leaf()).into_bytes(),
        p7b(&estate.both()),
        indefinite(&p7b(&estate.both())),
        estate.pkcs12(|_| {}, PASSWORD),
        indefinite(&estate.pkcs12(|_| {}, PASSWORD)),
        pfx(&[Pbes2::aes256(2).safe(&bags, PASSWORD), data(&safe(&[shrouded]))]),
        indefinite(&plain),
        plain,
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut longest = Duration::ZERO;
    for (format, original) in formats.iter().enumerate() {
        let mut read = 0;
        for _ in 0..10_000 {
            let mut bytes = original.clone();
            random.mutate(&mut bytes);
            let started = Instant::now();
            // A count of iterations that grew is refused sooner than it would be.
            let budget = crate::pkcs12::PasswordBudget::of(100_000);
            read += usize::from(
                Contents::read(&bytes, Some(PASSWORD), budget)
                    .and_then(Contents::bundle)
                    .is_ok(),
            );
            longest = longest.max(started.elapsed());
        }
        assert!(read < 10_000, "format {format}: nothing was found wrong");
    }
    assert!(longest < Duration::from_secs(5), "{longest:?}");
}
