//! What the caller's means are called: fields for who sends a request, flags for who types a command.

/// Who is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Who sends a request.
    Request,
    /// Who types flags.
    Flags,
}

/// A term, and what it is in a request and in flags.
pub(super) const TERMS: &[(&str, &str, &str)] = &[
    ("to-authorities", "to authorities", "with --authority"),
    ("as-authority", "as an authority", "with --authority"),
    (
        "as-evidence",
        "as authorities or intermediates",
        "with --authority or --intermediate",
    ),
    (
        "reference",
        "reference, or reference_document",
        "--reference, or --reference-document",
    ),
    ("in-reference", "in reference", "with --reference"),
    ("pin-authority", "authority instead of source", "--pin-authority"),
    ("names", "names", "--name"),
    ("level-root", "set level to root", "use --level root"),
    ("match-authority", "set match to authority", "use --match authority"),
    ("references-any", "set references to any", "use --references any"),
    ("replace-unreadable", "replace_unreadable", "--replace-unreadable"),
    ("by-caller", "{\"by\": \"caller\"}", "{\"by\": \"caller\"} in a request"),
    ("der", "der", "der in a request"),
    ("passed-over", "passed_over", "what was passed over below"),
    (
        "password",
        "password_file or password_env",
        "--password-file or --password-env",
    ),
    ("thumbprint", "thumbprint", "the thumbprint"),
    ("by-key", "match is key", "--match key asks for one key"),
];

impl Voice {
    /// What a term is called.
    pub(super) fn term(self, name: &str) -> &'static str {
        let known = TERMS.iter().find(|(known, ..)| *known == name);
        known.map_or("", |(_, request, flags)| match self {
            Voice::Request => request,
            Voice::Flags => flags,
        })
    }
}
