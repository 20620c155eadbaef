//! Messages that name fields of a request, in terms of flags.

/// What fields of a request are called as flags, in the phrases that answers have: the longest first.
const FLAGS: &[(&str, &str)] = &[
    ("as authorities or intermediates", "with --authority or --intermediate"),
    ("with authority instead of source", "with --pin-authority"),
    (
        "reference, or reference_document",
        "--reference, or --reference-document",
    ),
    ("reference_document", "--reference-document"),
    ("replace_unreadable", "--replace-unreadable"),
    ("password_file", "--password-file"),
    ("warn_before_expiry", "--warn-before-expiry"),
    ("renew_before", "--renew-before"),
    ("valid_at", "--valid-at"),
    ("any_of", "--any-of"),
    ("to authorities", "with --authority"),
    ("to intermediates", "with --intermediate"),
    ("give names,", "give --name,"),
];

/// A text in which fields of a request are called what the flags are called.
pub(super) fn in_flags(text: &str) -> String {
    let mut spoken = String::with_capacity(text.len());
    let mut rest = text;
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    while let Some(c) = rest.chars().next() {
        let begins = !spoken.ends_with(is_word);
        let known = FLAGS.iter().find(|(field, _)| {
            let after = rest.strip_prefix(field);
            begins && after.is_some_and(|after| field.ends_with(',') || !after.starts_with(is_word))
        });
        let taken = match known {
            Some((field, flag)) => {
                spoken.push_str(flag);
                field.len()
            }
            None => {
                spoken.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    spoken
}
