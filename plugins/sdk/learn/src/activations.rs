//! The functions between layers and losses.

/// 1 / (1 + exp(-x)), without overflow at either end.
pub fn sigmoid(x: f32) -> f32 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// Turns logits into weights that add up to 1, in place. Nothing happens to an empty slice.
pub fn softmax(logits: &mut [f32]) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for logit in logits.iter_mut() {
        *logit = (*logit - largest).exp();
        sum += *logit;
    }
    for logit in logits.iter_mut() {
        *logit /= sum;
    }
}

/// The loss of a logit against a target from 0 to 1, and its derivative by the logit: `sigmoid(logit) - target`.
pub fn binary_cross_entropy(logit: f32, target: f32) -> (f32, f32) {
    // log(1 + exp(-|x|)) never overflows.
    let loss = logit.max(0.0) - logit * target + (-logit.abs()).exp().ln_1p();
    (loss, sigmoid(logit) - target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logit_of_any_size_stays_finite() {
        for (logit, expected) in [(0.0, 0.5), (1000.0, 1.0), (-1000.0, 0.0)] {
            assert_eq!(sigmoid(logit), expected);
            let (loss, slope) = binary_cross_entropy(logit, 1.0);
            assert!(loss.is_finite() && slope.is_finite() && loss >= 0.0, "{logit}: {loss} {slope}");
        }
        let mut logits = [1000.0, 1000.0, -1000.0];
        softmax(&mut logits);
        assert_eq!(logits, [0.5, 0.5, 0.0]);
    }

    #[test]
    fn the_loss_has_the_slope_that_is_returned() {
        for (logit, target) in [(0.3, 1.0), (-1.2, 0.0), (2.0, 0.4)] {
            let (_, slope) = binary_cross_entropy(logit, target);
            let step = 1e-2;
            let rise = binary_cross_entropy(logit + step, target).0 - binary_cross_entropy(logit - step, target).0;
            assert!((rise / (2.0 * step) - slope).abs() < 1e-3, "{logit} {target}");
        }
    }
}
