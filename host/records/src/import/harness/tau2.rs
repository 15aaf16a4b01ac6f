//! The rule of tau2-bench: the reward of a conversation is the product of the components that its task asks for, and it
//! succeeds when that is 1 (Barres et al., arXiv 2506.07982).

use serde_json::Value;

use crate::import::harness::results::Verdict;

/// A reward this near to 1 is a success.
const TOLERANCE: f64 = 1e-6;

/// What the record of one simulation comes to: 1 when its reward is 1, else 0. What the reward was stays in the
/// explanation. A failure of the harness's own machinery has no score.
///
/// # Errors
/// When the reward is missing, is no number from 0 to 1, or is another than its components make it.
pub fn tau2_verdict(simulation: &Value) -> Result<Verdict, String> {
    let word = |name: &str| simulation.get(name).and_then(Value::as_str);
    let ended = word("termination_reason").or_else(|| word("termination")).unwrap_or_default();
    match ended {
        "" => return Err("no `termination_reason`".to_owned()),
        "infrastructure_error" => return Ok(Verdict::new(None, "the harness failed: infrastructure_error")),
        // One of the two sides said that it is done.
        "user_stop" | "agent_stop" => {}
        other => return Ok(Verdict::new(Some(0.0), format!("ended by {other}"))),
    }
    let info = simulation.get("reward_info").filter(|info| info.is_object()).unwrap_or(simulation);
    let said = number(info.get("reward"))?;
    let parts = components(info)?;
    let made = (!parts.is_empty()).then(|| parts.iter().map(|(_, value)| value).product::<f64>());
    let reward = match (made, said) {
        (Some(made), Some(said)) if (made - said).abs() > TOLERANCE => {
            return Err(format!("the reward is {said}, yet its components make it {made}"));
        }
        (Some(reward), _) | (None, Some(reward)) => reward,
        (None, None) => return Err("no reward".to_owned()),
    };
    let parts: Vec<String> = parts.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let of = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    let score = f64::from(u8::from((reward - 1.0).abs() <= TOLERANCE));
    Ok(Verdict::new(Some(score), format!("reward {reward}{of}")))
}

/// The components that the task asks for, where the record has all of them.
fn components(info: &Value) -> Result<Vec<(String, f64)>, String> {
    let (Some(basis), Some(breakdown)) =
        (info.get("reward_basis").and_then(Value::as_array), info.get("reward_breakdown"))
    else {
        return Ok(Vec::new());
    };
    let mut parts = Vec::new();
    for name in basis.iter().filter_map(Value::as_str) {
        match number(breakdown.get(name))? {
            Some(value) => parts.push((name.to_owned(), value)),
            None => return Ok(Vec::new()),
        }
    }
    Ok(parts)
}

fn number(value: Option<&Value>) -> Result<Option<f64>, String> {
    match value.filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            Some(number) if (0.0..=1.0 + TOLERANCE).contains(&number) => Ok(Some(number)),
            _ => Err(format!("a reward is {value}, expected a number from 0 to 1")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stopped(info: Value) -> Value {
        json!({"termination_reason": "user_stop", "reward_info": info})
    }

    #[test]
    fn a_conversation_succeeds_when_the_product_of_what_is_asked_for_is_one() {
        let cases = [
            (
                stopped(
                    json!({"reward": 1.0, "reward_basis": ["DB", "ACTION"], "reward_breakdown": {"DB": 1.0, "ACTION": 1.0}}),
                ),
                Some(1.0),
                "reward 1: DB 1, ACTION 1",
            ),
            (
                stopped(json!({"reward_basis": ["DB", "ACTION"], "reward_breakdown": {"DB": 1.0, "ACTION": 0.5}})),
                Some(0.0),
                "reward 0.5: DB 1, ACTION 0.5",
            ),
            (
                stopped(json!({"reward_basis": ["DB"], "reward_breakdown": {"DB": 1.0, "ACTION": 0.0}})),
                Some(1.0),
                "reward 1: DB 1",
            ),
            (stopped(json!({"reward": 0.999_999_5})), Some(1.0), "reward 0.9999995"),
            (stopped(json!({"reward": 0.999})), Some(0.0), "reward 0.999"),
            (
                json!({"termination_reason": "too_many_errors", "reward_info": null}),
                Some(0.0),
                "ended by too_many_errors",
            ),
            (json!({"termination_reason": "infrastructure_error"}), None, "the harness failed: infrastructure_error"),
        ];
        for (simulation, score, explanation) in cases {
            assert_eq!(tau2_verdict(&simulation), Ok(Verdict::new(score, explanation)), "{simulation}");
        }
    }

    #[test]
    fn a_reward_that_cannot_be_is_refused() {
        let cases = [
            (json!({}), "no `termination_reason`"),
            (stopped(json!({})), "no reward"),
            (stopped(json!({"reward": "1"})), "a reward is \"1\", expected a number from 0 to 1"),
            (stopped(json!({"reward": -1})), "a reward is -1, expected a number from 0 to 1"),
            (
                stopped(json!({"reward": 1, "reward_basis": ["DB"], "reward_breakdown": {"DB": 0}})),
                "the reward is 1, yet its components make it 0",
            ),
        ];
        for (simulation, expected) in cases {
            assert_eq!(tau2_verdict(&simulation), Err(expected.to_owned()), "{simulation}");
        }
    }
}
