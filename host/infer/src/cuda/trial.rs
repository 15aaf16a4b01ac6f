//! Choosing an algorithm for a product, once, when a model is opened. It is tried on the device itself: rows of few kinds
//! are put at many places among changing neighbours, and a kind must come out with the same bits everywhere. So no vector
//! of a text can depend on what else is in its block. The sums of the trial are 0 but for rounding, because two orders of
//! adding are told apart by nothing else: where results are rounded to half precision, ordinary sums differ too rarely.

#![allow(unsafe_code, reason = "kernels and products are started")]

use super::device::{Argument, Device, Kernel, Memory};
use super::precision::Precision;
use super::products::{Form, Places, Product, Products};
use crate::devices::DeviceError;

use Argument::{Address, Float, Int};

/// Kinds of rows, as in `kernels/check.cu`.
const KINDS: usize = 97;
const WHAT: &str = "trying matrix products";
/// Numbers whose values are compared with what the host computes.
const LOOKED_AT: usize = 64;

/// The kernels of a trial.
pub(super) struct Trial {
    pub(super) fill: Kernel,
    pub(super) compare: Kernel,
}

/// A product of this form with the first of the library's algorithms that stands the trial.
///
/// # Errors
/// [`DeviceError`]: none does, or the device fails.
pub(super) fn choose(
    device: &Device,
    products: &Products,
    trial: &Trial,
    precision: Precision,
    form: Form,
) -> Result<Product, DeviceError> {
    let mut product = products.describe(device, form)?;
    let candidates = products.candidates(device, &product)?;
    let bench = Bench::new(device, trial, precision, form)?;
    let (mut uneven, mut refused) = (0, None);
    for algorithm in &candidates {
        product.algorithm = Some(*algorithm);
        match bench.judge(products, &mut product)? {
            Verdict::Even => return Ok(product),
            Verdict::Uneven => uneven += 1,
            Verdict::Refused(error) => refused = Some(error),
        }
    }
    let last = refused.map(|error| format!("; the last refusal: {error}")).unwrap_or_default();
    Err(DeviceError::Failed {
        device: device.index,
        operation: format!("choosing an algorithm for products {} x {} x {}", form.rows, form.inputs, form.outputs),
        reason: format!(
            "none of cuBLASLt's {} without a split sum computes every row alike ({uneven} do not){last}",
            candidates.len()
        ),
    })
}

/// What a trial says of an algorithm.
enum Verdict {
    Even,
    /// Rows differ, or are wrong.
    Uneven,
    /// The library does not run it.
    Refused(DeviceError),
}

struct Bench<'a> {
    device: &'a Device,
    trial: &'a Trial,
    precision: Precision,
    form: Form,
    weight: Memory,
    bias: Memory,
    from: Memory,
    to: Memory,
    /// The rows of each kind, as they came out first.
    expected: Memory,
    different: Memory,
}

impl<'a> Bench<'a> {
    fn new(device: &'a Device, trial: &'a Trial, precision: Precision, form: Form) -> Result<Self, DeviceError> {
        let memory = |numbers: usize| device.allocate(numbers * precision.bytes(), WHAT);
        let bench = Self {
            device,
            trial,
            precision,
            form,
            weight: memory(form.outputs * form.inputs)?,
            bias: memory(form.outputs)?,
            from: memory(form.rows * form.stride)?,
            to: memory(form.rows * form.outputs)?,
            expected: memory(KINDS * form.outputs)?,
            different: device.allocate(4, WHAT)?,
        };
        Ok(bench)
    }

    /// Draws a matrix; `sign` says how its rows' second halves follow from the first ones, if they do.
    fn fill(&self, to: &Memory, size: (usize, usize), kinds: (i32, i32), sign: Option<f32>) -> Result<(), DeviceError> {
        let folded = sign.map_or(0, |_| self.form.inputs);
        let arguments = [
            Address(to.address()),
            Int(size.0 as i32),
            Int(size.1 as i32),
            Int(kinds.0),
            Int(kinds.1),
            Int(folded as i32),
            Float(sign.unwrap_or(1.0)),
        ];
        // SAFETY: the kernel takes these and writes rows x columns numbers.
        unsafe { self.device.launch(&self.trial.fill, ((size.0 * size.1).div_ceil(256), 1), &arguments) }
    }

    /// Runs the product. The inner error is the library's word on the algorithm, the outer one the device's.
    fn multiply(&self, products: &Products, product: &mut Product) -> Result<Result<(), DeviceError>, DeviceError> {
        self.device.set(&self.to, 0xff, WHAT)?;
        let places = Places {
            weight: self.weight.address(),
            bias: self.form.has_bias.then(|| self.bias.address()),
            from: self.from.address(),
            to: self.to.address(),
        };
        // SAFETY: memory of the product's form; whoever looks at the result waits for it.
        Ok(unsafe { products.run(self.device, product, places, WHAT) })
    }

    /// Whether results are right, and the rows of each kind equal wherever they are and whatever is beside them.
    fn judge(&self, products: &Products, product: &mut Product) -> Result<Verdict, DeviceError> {
        let (weight, from) = ((self.form.outputs, self.form.inputs), (self.form.rows, self.form.stride));
        self.fill(&self.weight, weight, (5, 3), None)?;
        self.fill(&self.bias, (1, self.form.outputs), (1, 11), None)?;
        self.fill(&self.from, from, (1, 0), None)?;
        if let Err(error) = self.multiply(products, product)? {
            return Ok(Verdict::Refused(error));
        }
        if !self.is_right()? {
            return Ok(Verdict::Uneven);
        }
        self.fill(&self.weight, weight, (5, 3), Some(1.0))?;
        self.device.set(&self.bias, 0, WHAT)?;
        // The last round is the first one again: the same call must give the same bits, too.
        for (round, kinds) in [(1, 0), (31, 7), (1, 0)].into_iter().enumerate() {
            self.fill(&self.from, from, kinds, Some(-1.0))?;
            if let Err(error) = self.multiply(products, product)? {
                return Ok(Verdict::Refused(error));
            }
            if round == 0 {
                // Row r is of kind r in this round.
                let bytes = KINDS * self.form.outputs * self.precision.bytes();
                self.device.copy(&self.to, &self.expected, bytes, WHAT)?;
            }
            if self.count_different(kinds)? != 0 {
                return Ok(Verdict::Uneven);
            }
        }
        Ok(Verdict::Even)
    }

    fn count_different(&self, kinds: (i32, i32)) -> Result<u32, DeviceError> {
        self.device.set(&self.different, 0, WHAT)?;
        let (rows, outputs) = (self.form.rows, self.form.outputs);
        let arguments = [
            Address(self.to.address()),
            Address(self.expected.address()),
            Int(rows as i32),
            Int(outputs as i32),
            Int(kinds.0),
            Int(kinds.1),
            Address(self.different.address()),
        ];
        // SAFETY: the kernel takes these; `expected` has a row of each kind.
        unsafe { self.device.launch(&self.trial.compare, ((rows * outputs).div_ceil(256), 1), &arguments)? };
        let count = self.device.download(&self.different, 4, WHAT)?;
        Ok(u32::from_le_bytes([count[0], count[1], count[2], count[3]]))
    }

    /// Whether the first row's numbers are what they should be: a slip in the description would be even everywhere.
    fn is_right(&self) -> Result<bool, DeviceError> {
        let (inputs, count) = (self.form.inputs, LOOKED_AT.min(self.form.outputs));
        let numbers = |memory: &Memory, count: usize| {
            let bytes = self.device.download(memory, count * self.precision.bytes(), WHAT)?;
            Ok::<_, DeviceError>(self.precision.decode(&bytes))
        };
        let (weight, bias) = (numbers(&self.weight, count * inputs)?, numbers(&self.bias, count)?);
        let (from, to) = (numbers(&self.from, inputs)?, numbers(&self.to, count)?);
        Ok((0..count).all(|output| {
            let row = &weight[output * inputs..(output + 1) * inputs];
            let sum: f64 = row.iter().zip(&from).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let sum = if self.form.has_bias { sum + f64::from(bias[output]) } else { sum };
            // What rounding to 8 bits may do to a sum of this many numbers below 1; a wrong one is off by much more.
            (f64::from(to[output]) - sum).abs() <= 0.01 * sum.abs() + 0.001 * (inputs as f64).sqrt()
        }))
    }
}
