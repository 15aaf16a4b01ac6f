//! The rule of SWE-bench: an issue is resolved when the patch applies, every test that failed because of it passes, and
//! every test that passed before still does (Jimenez et al., arXiv 2310.06770).

use serde_json::Value;

use crate::import::harness::results::Verdict;

/// What a report of the harness on one instance comes to. The patch that did not come or does not apply is a failure of the
/// model; a report of an error is one of the harness and has no score.
///
/// # Errors
/// When the report's word on the whole contradicts its lists of tests.
pub fn swe_bench_verdict(report: &Value) -> Result<Verdict, String> {
    let flag = |names: &[&str]| names.iter().find_map(|name| report.get(*name)?.as_bool());
    if let Some(error) = report.get("error").filter(|error| !error.is_null()) {
        let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
        return Ok(Verdict::new(None, format!("the harness failed: {text}")));
    }
    if flag(&["empty_patch", "patch_is_None"]) == Some(true) || flag(&["patch_exists"]) == Some(false) {
        return Ok(Verdict::new(Some(0.0), "no patch"));
    }
    if flag(&["patch_applied", "patch_successfully_applied"]) == Some(false) {
        return Ok(Verdict::new(Some(0.0), "the patch does not apply"));
    }
    let said = flag(&["resolved"]);
    let tests = report.get("tests_status").unwrap_or(report);
    let (Some(fixed), Some(kept)) = (Tests::of(tests, "FAIL_TO_PASS"), Tests::of(tests, "PASS_TO_PASS")) else {
        return Ok(match said {
            Some(true) => Verdict::new(Some(1.0), "resolved"),
            Some(false) => Verdict::new(Some(0.0), "not resolved"),
            None => Verdict::new(None, "the report says nothing about the tests"),
        });
    };
    let resolved = fixed.failed == 0 && kept.failed == 0;
    if said.is_some_and(|said| said != resolved) {
        let said = if resolved { "not resolved, yet no test fails" } else { "resolved, yet tests fail" };
        return Err(format!("the report says {said}"));
    }
    let explanation =
        format!("{} of {} target tests fixed, {} of {} tests kept", fixed.passed, fixed.all(), kept.passed, kept.all());
    Ok(Verdict::new(Some(f64::from(u8::from(resolved))), explanation))
}

struct Tests {
    passed: usize,
    failed: usize,
}

impl Tests {
    fn of(tests: &Value, name: &str) -> Option<Self> {
        let count = |list: &str| tests.get(name)?.get(list)?.as_array().map(Vec::len);
        Some(Self { passed: count("success")?, failed: count("failure")? })
    }

    fn all(&self) -> usize {
        self.passed + self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_issue_is_resolved_when_all_target_tests_pass_and_none_breaks() {
        let tests = |fixed: [u8; 2], kept: [u8; 2]| {
            let list = |[passed, failed]: [u8; 2]| json!({"success": vec!["t"; passed.into()], "failure": vec!["t"; failed.into()]});
            json!({"FAIL_TO_PASS": list(fixed), "PASS_TO_PASS": list(kept)})
        };
        let harness = |tests: Value, resolved: bool| json!({"patch_exists": true, "patch_successfully_applied": true, "resolved": resolved, "tests_status": tests});
        let cases = [
            (tests([2, 0], [1, 0]), Some(1.0), "2 of 2 target tests fixed, 1 of 1 tests kept"),
            (harness(tests([2, 0], [0, 0]), true), Some(1.0), "2 of 2 target tests fixed, 0 of 0 tests kept"),
            (harness(tests([1, 1], [1, 0]), false), Some(0.0), "1 of 2 target tests fixed, 1 of 1 tests kept"),
            (tests([2, 0], [0, 1]), Some(0.0), "2 of 2 target tests fixed, 0 of 1 tests kept"),
            (json!({"patch_is_None": true, "resolved": false}), Some(0.0), "no patch"),
            (json!({"patch_applied": false}), Some(0.0), "the patch does not apply"),
            (json!({"resolved": true}), Some(1.0), "resolved"),
            (json!({"error": "no disk"}), None, "the harness failed: no disk"),
            (json!({}), None, "the report says nothing about the tests"),
            (json!([]), None, "the report says nothing about the tests"),
        ];
        for (report, score, explanation) in cases {
            assert_eq!(swe_bench_verdict(&report), Ok(Verdict::new(score, explanation)), "{report}");
        }
        let error = swe_bench_verdict(&harness(tests([1, 1], [0, 0]), true)).unwrap_err();
        assert_eq!(error, "the report says resolved, yet tests fail");
    }
}
