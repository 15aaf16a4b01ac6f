//! A small XML document with a grade.

use routerlab_answers::strip;
use routerlab_answers::tags::tagged_in_any_case;
use roxmltree::Document;

use crate::markup::{bare, labelled, words};
use crate::verdict::Verdict;

/// The reference's reading: where a result element is well-formed its grade must be CORRECT in capitals; otherwise the
/// first readable grade tag counts in any case.
pub(crate) fn compat(reply: &str) -> Verdict {
    let confidence = tagged_in_any_case(reply, "confidence").next().map(strip);
    let right = match result(reply).and_then(|text| Document::parse(text).ok()) {
        Some(document) => {
            let grade = document.root_element().children().find(|child| child.has_tag_name("grade"));
            strip(grade.and_then(|grade| grade.text()).unwrap_or_default()) == "CORRECT"
        }
        None => tagged_in_any_case(reply, "grade").find_map(exactly).unwrap_or(false),
    };
    verdict(right, confidence)
}

/// The text of the first result element.
fn result(reply: &str) -> Option<&str> {
    const CLOSE: &str = "</result>";
    let from = &reply[reply.find("<result>")?..];
    Some(&from[..from.find(CLOSE)? + CLOSE.len()])
}

/// The last readable grade, in a tag or behind the label "grade:", in any case.
pub(crate) fn fixed(reply: &str) -> Option<Verdict> {
    let tagged = tagged_in_any_case(reply, "grade").filter_map(|text| exactly(bare(text))).last();
    let behind_label = || reply.lines().filter_map(|line| exactly(bare(labelled(line, "grade")?))).next_back();
    let alone = || exactly(bare(reply).trim_end_matches('.'));
    let right = tagged.or_else(behind_label).or_else(alone)?;
    Some(verdict(right, tagged_in_any_case(reply, "confidence").last().map(bare)))
}

/// Whether a text is the one grade or the other.
fn exactly(text: &str) -> Option<bool> {
    let text = strip(text);
    let is = |grade: &str| text.eq_ignore_ascii_case(grade);
    if is("correct") { Some(true) } else { is("incorrect").then_some(false) }
}

fn verdict(right: bool, confidence: Option<&str>) -> Verdict {
    let word = confidence.and_then(|confidence| words(confidence).next());
    let note = word.filter(|(word, _)| word.len() <= 12).map(|(word, _)| format!("confidence of the judge: {word}"));
    Verdict { note, ..Verdict::right_if(right) }
}

#[cfg(test)]
mod tests {
    use super::{compat, fixed};

    #[test]
    fn capitals_count_only_in_well_formed_xml_for_the_reference() {
        let cases = [
            ("<result><grade>CORRECT</grade></result>", 1.0),
            ("Here: <result>\n<grade> CORRECT </grade>\n</result>.", 1.0),
            ("<result><grade>Correct</grade></result>", 0.0),
            ("<result><grade>correct</grade><x></result>", 1.0),
            ("<result><grade>CORRECT</grade>a & b</result>", 1.0),
            ("<result><a><grade>CORRECT</grade></a></result>", 0.0),
            ("<result></result><grade>CORRECT</grade>", 0.0),
            ("<GRADE>maybe</GRADE> <grade>Correct</grade>", 1.0),
            ("<grade>INCORRECT</grade> <grade>CORRECT</grade>", 0.0),
            ("CORRECT", 0.0),
            ("", 0.0),
        ];
        for (reply, expected) in cases {
            assert_eq!(compat(reply).score, expected, "{reply}");
        }
    }

    #[test]
    fn the_last_readable_grade_counts_in_any_case() {
        let cases = [
            ("<result><grade>correct</grade></result>", Some(1.0)),
            ("<grade>CORRECT or INCORRECT</grade>\n<grade>**Incorrect**</grade>", Some(0.0)),
            ("**Grade:** CORRECT", Some(1.0)),
            ("Incorrect.", Some(0.0)),
            ("It is correct", None),
            ("<grade>CORRECT", None),
            ("", None),
        ];
        for (reply, expected) in cases {
            assert_eq!(fixed(reply).map(|found| found.score), expected, "{reply}");
        }
        let note = fixed("<grade>CORRECT</grade><confidence>High</confidence>").unwrap().note;
        assert_eq!(note.as_deref(), Some("confidence of the judge: High"));
    }

    #[test]
    fn deep_xml_is_no_trouble() {
        let deep = format!("<result>{}{}<grade>CORRECT</grade></result>", "<a>".repeat(50_000), "</a>".repeat(50_000));
        assert!((0.0..=1.0).contains(&compat(&deep).score));
        assert_eq!(fixed(&deep).map(|found| found.score), Some(1.0));
        assert_eq!(compat(&format!("<result>{}</result>", "<a>".repeat(50_000))).score, 0.0);
    }
}
