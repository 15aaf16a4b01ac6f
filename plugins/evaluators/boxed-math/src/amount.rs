//! Amounts of money and shares: rounded ones, percent, millions.

/// How far an amount with a fraction may be off.
const TOLERANCE: f64 = 0.005;

/// An amount as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Amount {
    value: f64,
    percent: bool,
    decimals: i32,
    /// Without leading zeros.
    digits: usize,
}

impl Amount {
    /// Reads a text that is a number with a currency, percent sign, scale word and unit at most.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.replace("\\%", "%").replace("\\$", "$").replace("\\,", "");
        let signs = |char: char| char.is_whitespace() || "$€£~≈".contains(char);
        let text = text.trim_matches(signs);
        let (negative, rest) = match text.strip_prefix(['-', '−', '–']) {
            Some(rest) => (true, rest.trim_start_matches(signs)),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|char: char| !(char.is_ascii_digit() || char == ',' || char == '.')).unwrap_or(rest.len());
        let number = rest[..end].trim_end_matches(['.', ',']);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if !grouped_well(whole) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let plain = number.replace(',', "");
        let (scale, percent) = what_follows(&rest[end..])?;
        let value = plain.parse::<f64>().ok()? * scale;
        let digits = plain.bytes().filter(u8::is_ascii_digit).skip_while(|byte| *byte == b'0').count();
        let decimals = i32::try_from(fraction.len()).ok()?;
        Some(Self { value: if negative { -value } else { value }, percent, decimals, digits })
    }

    /// Whether this may be the other one, rounded or as a share where that is in percent.
    pub(crate) fn is_near(self, wanted: Self) -> bool {
        let hundredth = |amount: Self| Self { value: amount.value / 100.0, decimals: amount.decimals + 2, ..amount };
        match (self.percent, wanted.percent) {
            (true, false) => self.rounds_to(wanted) || hundredth(self).rounds_to(wanted),
            (false, true) => self.rounds_to(wanted) || self.rounds_to(hundredth(wanted)),
            _ => self.rounds_to(wanted),
        }
    }

    fn rounds_to(self, wanted: Self) -> bool {
        if self.value.is_sign_negative() != wanted.value.is_sign_negative() {
            return false;
        }
        let distance = (self.value - wanted.value).abs();
        // One digit, or a whole number of two, is no rounded amount.
        let rounds = wanted.digits >= if wanted.decimals > 0 { 2 } else { 3 };
        let half_a_step = 0.5 * 10_f64.powi(-wanted.decimals);
        (wanted.decimals > 0 && distance <= TOLERANCE * wanted.value.abs())
            || (rounds && self.decimals > wanted.decimals && distance <= half_a_step * (1.0 + 1e-9))
    }
}

/// Thousands in groups of three, or no commas.
fn grouped_well(whole: &str) -> bool {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let digits = whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    digits && !first.is_empty() && (!whole.contains(',') || (first.len() <= 3 && groups.all(|group| group.len() == 3)))
}

/// The factor of a scale word and whether it is percent; none where other things than words follow.
fn what_follows(text: &str) -> Option<(f64, bool)> {
    let percent = text.contains('%') || text.contains("percent");
    let mut scale = 1.0;
    for word in text.replace('%', " ").split_whitespace() {
        scale *= match word.to_ascii_lowercase().trim_end_matches(['s', '.']) {
            "thousand" => 1e3,
            "million" => 1e6,
            "billion" => 1e9,
            "trillion" => 1e12,
            other if other.chars().all(char::is_alphabetic) => 1.0,
            _ => return None,
        };
    }
    Some((scale, percent))
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn amounts_are_equal_when_one_is_the_other_rounded() {
        let near = |found, wanted| match (Amount::read(found), Amount::read(wanted)) {
            (Some(found), Some(wanted)) => found.is_near(wanted),
            _ => false,
        };
        let right = [
            ("8.26\\%", "8.3%"),
            ("0.083", "8.3%"),
            ("8.3", "8.3%"),
            ("$ 1,250.4 million", "1250400000.0"),
            ("412.3", "412"),
            ("-5.04", "-5.0"),
            ("3.14 dollars", "$3.14"),
        ];
        for (found, wanted) in right {
            assert!(near(found, wanted), "{found} {wanted}");
        }
        let wrong = [
            ("7.9%", "8.3%"),
            ("-5.0", "5.0"),
            ("2018", "2019"),
            ("3.5", "4"),
            ("12 million", "12 billion"),
            ("1,234", "1,999"),
            ("0.01", "0.02"),
            ("seven", "7"),
            ("1,23", "123.0"),
        ];
        for (found, wanted) in wrong {
            assert!(!near(found, wanted), "{found} {wanted}");
        }
    }
}
