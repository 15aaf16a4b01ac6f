//! Reports for programs: CSV and JSON.

use super::data::Report;

/// One line for each row of the leaderboard; every metric with its interval and its number of queries.
pub(crate) fn csv(report: &Report) -> String {
    let mut metrics: Vec<&str> = report.lines.iter().flat_map(|line| line.metrics.keys().map(String::as_str)).collect();
    metrics.sort_unstable();
    metrics.dedup();
    let mut text = String::from("run_id,controls,name,kind,status,unranked,component_sha256");
    for metric in &metrics {
        text.push_str(&format!(",{metric},{metric}_low,{metric}_high,{metric}_n"));
    }
    text.push('\n');
    let controls = quoted(&report.controls.join("; "));
    for line in &report.lines {
        let digest = line.component_digest.as_deref().unwrap_or_default();
        let unranked = line.unranked.as_deref().unwrap_or_default();
        let of_line =
            [&report.run_id, &controls, &quoted(&line.name), line.kind, &line.status, &quoted(unranked), digest];
        text.push_str(&of_line.join(","));
        for metric in &metrics {
            let number = line.metric(metric);
            let ends = [number.and_then(|n| n.value), number.and_then(|n| n.low), number.and_then(|n| n.high)];
            for value in ends {
                text.push(',');
                text.push_str(&value.map(|value| value.to_string()).unwrap_or_default());
            }
            text.push(',');
            text.push_str(&number.map(|number| number.n.to_string()).unwrap_or_default());
        }
        text.push('\n');
    }
    text
}

/// A field that may hold commas or quotes.
pub(super) fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

/// Everything the report knows.
pub(crate) fn json(report: &Report) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn fields_with_commas_and_quotes_are_quoted() {
        for (field, expected) in [("a", "a"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\"")] {
            assert_eq!(quoted(field), expected);
        }
    }
}
