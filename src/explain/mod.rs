//! Every word of a verdict in one room: a finding names a text of the table here, and its values fill it. Nothing here
//! decides, and nothing that decides knows the words.
//!
//! A row of the table has a message and, where there is one, what was expected, what was found, and what to do next. Each is
//! a template: `{name}` is a value, `{>name}` the message of the text that the value names (`{>name.hint}` its hint), `{@term}`
//! what the caller calls something, `{{` and `}}` are braces. Another language is another table.

mod certificate;
mod fleet;
mod key;
mod place;
mod reference;
mod relation;
mod source;
mod terms;
mod verdict;

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use crate::protocol::inspection::Inspection;
use crate::protocol::{Finding, Phrase, ReferenceDocument, ReferenceReport, Report, SubjectReport, Values};

pub use terms::Voice;
pub use verdict::verdict;

/// Texts that a text may have inside it, one in another. A cause has a cause has a reason; a document may claim more.
const DEPTH: usize = 8;

/// One text: a message, and what goes with it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name: a code, a dot and a word; `*` means any code. Phrases have a family in place of the code.
    pub text: &'static str,
    message: &'static str,
    expected: Option<&'static str>,
    actual: Option<&'static str>,
    hint: Option<&'static str>,
}

const fn row(text: &'static str, message: &'static str) -> Row {
    Row {
        text,
        message,
        expected: None,
        actual: None,
        hint: None,
    }
}

impl Row {
    const fn expected(self, template: &'static str) -> Self {
        Row {
            expected: Some(template),
            ..self
        }
    }

    const fn actual(self, template: &'static str) -> Self {
        Row {
            actual: Some(template),
            ..self
        }
    }

    const fn hint(self, template: &'static str) -> Self {
        Row {
            hint: Some(template),
            ..self
        }
    }

    fn template(&self, part: Part) -> Option<&'static str> {
        match part {
            Part::Message => Some(self.message),
            Part::Expected => self.expected,
            Part::Actual => self.actual,
            Part::Hint => self.hint,
        }
    }

    /// Its templates.
    pub fn templates(&self) -> impl Iterator<Item = &'static str> {
        let parts = [Part::Message, Part::Expected, Part::Actual, Part::Hint];
        let row = *self;
        parts.into_iter().filter_map(move |part| row.template(part))
    }

    /// The names of the values that its own templates have places for.
    pub fn places(&self) -> BTreeSet<&'static str> {
        let pieces = self.templates().flat_map(Pieces);
        let name = |piece: Piece<'static>| match piece {
            Piece::Value(name) | Piece::Text(name, _) => Some(name),
            Piece::Plain(_) | Piece::Term(_) => None,
        };
        pieces.filter_map(name).collect()
    }
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Message,
    Expected,
    Actual,
    Hint,
}

/// Every text, a family after another.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let families = [
        relation::ROWS,
        reference::ROWS,
        certificate::ROWS,
        key::ROWS,
        source::ROWS,
        place::ROWS,
        verdict::ROWS,
        fleet::ROWS,
    ];
    families.into_iter().flatten()
}

/// The text of this name.
pub fn find(text: &str) -> Option<&'static Row> {
    static ROWS: OnceLock<HashMap<&'static str, &'static Row>> = OnceLock::new();
    let known = ROWS.get_or_init(|| rows().map(|row| (row.text, row)).collect());
    let of_any_code = || {
        let (_, word) = text.split_once('.')?;
        known.get(format!("*.{word}").as_str())
    };
    known.get(text).or_else(of_any_code).copied()
}

/// Puts a finding into words.
pub fn finding(finding: &mut Finding, voice: Voice) {
    debug_assert_eq!(
        flaws(&finding.text, &finding.values),
        Vec::<String>::new(),
        "{finding:?}"
    );
    let Some(row) = find(&finding.text) else { return };
    let words = Words {
        values: &finding.values,
        voice,
    };
    let [message, expected, actual, hint] =
        [Part::Message, Part::Expected, Part::Actual, Part::Hint].map(|part| words.part(row, part, "", DEPTH));
    (finding.message, finding.expected) = (message.unwrap_or_default(), expected);
    (finding.actual, finding.hint) = (actual, hint);
}

/// The message of a finding that is not yet in words.
pub fn message(finding: &Finding, voice: Voice) -> String {
    phrase(&finding.as_phrase(), voice)
}

/// A phrase in words.
pub fn phrase(phrase: &Phrase, voice: Voice) -> String {
    part(phrase, Part::Message, voice).unwrap_or_default()
}

/// What to do about what a phrase says, where its row has a hint.
pub fn hint(phrase: &Phrase, voice: Voice) -> Option<String> {
    part(phrase, Part::Hint, voice)
}

fn part(phrase: &Phrase, part: Part, voice: Voice) -> Option<String> {
    let words = Words {
        values: &phrase.values,
        voice,
    };
    find(&phrase.text).and_then(|row| words.part(row, part, "", DEPTH))
}

/// Puts findings into words.
pub fn findings<'f>(findings: impl IntoIterator<Item = &'f mut Finding>, voice: Voice) {
    findings.into_iter().for_each(|one| finding(one, voice));
}

/// Puts what was found of the reference into words.
pub fn reference(report: &mut ReferenceReport, voice: Voice) {
    findings(&mut report.findings, voice);
    findings(report.members.iter_mut().flat_map(|member| &mut member.findings), voice);
}

/// Puts what was found of a subject into words.
pub fn subject(report: &mut SubjectReport, voice: Voice) {
    findings(&mut report.findings, voice);
    let passed = report.passed_over.iter_mut().flatten();
    findings(passed.flat_map(|passed| &mut passed.findings), voice);
}

/// Puts a report into words.
pub fn report(report: &mut Report, voice: Voice) {
    reference(&mut report.reference, voice);
    report.subjects.iter_mut().for_each(|one| subject(one, voice));
    report.message = verdict(&report.summary, &report.subjects, &report.reference, voice);
}

/// Puts a reference document into words.
pub fn document(document: &mut ReferenceDocument, voice: Voice) {
    findings(&mut document.findings, voice);
}

/// Puts an inspection into words.
pub fn inspection(inspection: &mut Inspection, voice: Voice) {
    let sources = inspection.subjects.iter_mut().flat_map(|subject| &mut subject.sources);
    findings(sources.flat_map(|source| &mut source.findings), voice);
}

/// What is wrong with a text and its values: one that is not in the table, a place without a value, a value without a place.
pub fn flaws(text: &str, values: &Values) -> Vec<String> {
    let mut flaws = Vec::new();
    let mut used = BTreeSet::new();
    look_through(text, "", values, DEPTH, &mut used, &mut flaws);
    for name in values.keys().filter(|name| !used.contains(name.as_ref())) {
        flaws.push(format!("{text}: no place for the value {name}"));
    }
    flaws
}

fn look_through(
    text: &str,
    prefix: &str,
    values: &Values,
    depth: usize,
    used: &mut BTreeSet<String>,
    flaws: &mut Vec<String>,
) {
    let (Some(row), Some(depth)) = (find(text), depth.checked_sub(1)) else {
        return flaws.push(format!("no text {text}, or texts too deep in each other"));
    };
    for piece in row.templates().flat_map(Pieces) {
        let (name, is_text) = match piece {
            Piece::Value(name) => (name, false),
            Piece::Text(name, _) => (name, true),
            Piece::Plain(_) | Piece::Term(_) => continue,
        };
        let full = format!("{prefix}{name}");
        let Some(value) = values.get(full.as_str()) else {
            flaws.push(format!("{text}: no value for {full}"));
            continue;
        };
        if used.insert(full.clone()) && is_text {
            look_through(value, &format!("{full}."), values, depth, used, flaws);
        }
    }
}

/// What fills templates.
struct Words<'a> {
    values: &'a Values,
    voice: Voice,
}

impl Words<'_> {
    /// A part of a text, filled; `None` where the text has none, or one inside it has none.
    fn part(&self, row: &Row, part: Part, prefix: &str, depth: usize) -> Option<String> {
        let template = row.template(part)?;
        let depth = depth.checked_sub(1)?;
        let mut words = String::with_capacity(2 * template.len());
        for piece in Pieces(template) {
            match piece {
                Piece::Plain(plain) => words.push_str(plain),
                Piece::Term(term) => words.push_str(self.voice.term(term)),
                Piece::Value(name) => words.push_str(self.value(prefix, name)),
                Piece::Text(name, part) => {
                    let inner = find(self.value(prefix, name))?;
                    words.push_str(&self.part(inner, part, &format!("{prefix}{name}."), depth)?);
                }
            }
        }
        Some(words)
    }

    fn value(&self, prefix: &str, name: &str) -> &str {
        let value = match prefix {
            "" => self.values.get(name),
            prefix => self.values.get(format!("{prefix}{name}").as_str()),
        };
        value.map_or("", String::as_str)
    }
}

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'t> {
    Plain(&'t str),
    Value(&'t str),
    Text(&'t str, Part),
    Term(&'t str),
}

/// The pieces of a template.
struct Pieces<'t>(&'t str);

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        let template = self.0;
        let at = match template.find(['{', '}']) {
            _ if template.is_empty() => return None,
            None => template.len(),
            Some(at) => at,
        };
        if at > 0 {
            let (plain, rest) = template.split_at(at);
            self.0 = rest;
            return Some(Piece::Plain(plain));
        }
        for brace in ["{", "}"] {
            if template.strip_prefix(brace).is_some_and(|rest| rest.starts_with(brace)) {
                self.0 = &template[2..];
                return Some(Piece::Plain(&template[..1]));
            }
        }
        let Some((place, rest)) = template[1..].split_once('}') else {
            self.0 = "";
            return Some(Piece::Plain(template));
        };
        self.0 = rest;
        if let Some(term) = place.strip_prefix('@') {
            return Some(Piece::Term(term));
        }
        let Some(text) = place.strip_prefix('>') else {
            return Some(Piece::Value(place));
        };
        let part = |name: &str| match name {
            "expected" => Some(Part::Expected),
            "actual" => Some(Part::Actual),
            "hint" => Some(Part::Hint),
            _ => None,
        };
        let parted = text.rsplit_once('.');
        let parted = parted.and_then(|(name, name_of_part)| Some(Piece::Text(name, part(name_of_part)?)));
        Some(parted.unwrap_or(Piece::Text(text, Part::Message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Code;

    #[test]
    fn every_text_has_one_row_and_every_row_a_code_or_a_family_of_its_own() {
        let mut seen = BTreeSet::new();
        for row in rows() {
            assert!(seen.insert(row.text), "{} stands twice", row.text);
            let (code, word) = row.text.split_once('.').unwrap();
            let kebab = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            assert!((code == "*" || kebab(code)) && kebab(word), "{}", row.text);
            let is_code = code == "*" || Code::ALL.iter().any(|known| known.as_str() == code);
            let is_phrase = row.expected.is_none() && row.actual.is_none() && row.hint.is_none();
            assert!(
                is_code || is_phrase || ["decode", "fleet", "found", "place"].contains(&code),
                "{} is no code's and more than a phrase",
                row.text
            );
        }
    }

    #[test]
    fn every_term_of_a_template_is_known_and_every_known_term_is_in_a_template() {
        let used: BTreeSet<&str> = rows()
            .flat_map(Row::templates)
            .flat_map(Pieces)
            .filter_map(|piece| match piece {
                Piece::Term(term) => Some(term),
                _ => None,
            })
            .collect();
        let known: BTreeSet<&str> = terms::TERMS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(used, known);
    }

    #[test]
    fn a_template_is_filled_with_values_texts_and_terms() {
        let pieces: Vec<Piece<'_>> = Pieces("a {{b}} {c} {>d} {>d.e.hint} {@f}").collect();
        let expected = [
            Piece::Plain("a "),
            Piece::Plain("{"),
            Piece::Plain("b"),
            Piece::Plain("}"),
            Piece::Plain(" "),
            Piece::Value("c"),
            Piece::Plain(" "),
            Piece::Text("d", Part::Message),
            Piece::Plain(" "),
            Piece::Text("d.e", Part::Hint),
            Piece::Plain(" "),
            Piece::Term("f"),
        ];
        assert_eq!(pieces, expected);
        assert_eq!(Pieces("{open").collect::<Vec<_>>(), [Piece::Plain("{open")]);
    }

    #[test]
    fn a_place_without_a_value_and_a_value_without_a_place_are_told() {
        let lacking = Finding::of(Code::Expired, "ended");
        assert!(
            flaws(&lacking.text, &lacking.values)
                .iter()
                .any(|flaw| flaw.contains("no value"))
        );
        let spare = Finding::of(Code::CdpMissing, "none").value("spare", "x");
        assert!(
            flaws(&spare.text, &spare.values)
                .iter()
                .any(|flaw| flaw.contains("no place"))
        );
        assert_eq!(flaws("x.y", &Values::new()).len(), 1);
        let mut endless = Values::new();
        let mut name = "cause".to_owned();
        for _ in 0..20 {
            endless.insert(name.clone().into(), "expired.in-reference".into());
            name.push_str(".cause");
        }
        assert!(
            !flaws("expired.in-reference", &endless).is_empty(),
            "texts in each other without end"
        );
    }
}
