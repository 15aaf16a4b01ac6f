//! The machine's GPUs, shared out among this process's servers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use routerlab_infer::{DeviceError, Gpu, gpus};

use super::error::ServeError;

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// The GPUs of a machine and which server has which. One for all servers of a process.
pub struct Devices {
    read: Box<dyn Fn() -> Result<Vec<Gpu>, DeviceError> + Send + Sync>,
    /// What the user leaves to this process, by the names that its children know too.
    visible: Option<Vec<String>>,
    taken: Mutex<BTreeMap<usize, String>>,
}

impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices").field("visible", &self.visible).field("taken", &self.taken).finish_non_exhaustive()
    }
}

/// GPUs that a server has until this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    devices: Arc<Devices>,
    indices: Vec<usize>,
}

impl Devices {
    /// The GPUs of this machine. The driver is asked when a server needs one, not before.
    pub fn of_this_machine() -> Arc<Self> {
        let visible = std::env::var("CUDA_VISIBLE_DEVICES").ok();
        Self::new(gpus, visible.as_deref())
    }

    /// GPUs as `read` lists them whenever a server needs one, of a process that has `visible` as its
    /// `CUDA_VISIBLE_DEVICES`.
    pub fn new(
        read: impl Fn() -> Result<Vec<Gpu>, DeviceError> + Send + Sync + 'static,
        visible: Option<&str>,
    ) -> Arc<Self> {
        let visible = visible.map(|list| list.split(',').map(|name| name.trim().to_owned()).collect());
        Arc::new(Self { read: Box::new(read), visible, taken: Mutex::default() })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<usize, String>> {
        // The map is whole between any two statements.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `count` GPUs with this much free memory each, the emptiest first. Waits for the driver.
    pub(super) fn claim(self: &Arc<Self>, name: &str, count: usize, gib: Option<f64>) -> Result<Claim, ServeError> {
        if count == 0 {
            return Ok(Claim { devices: Arc::clone(self), indices: Vec::new() });
        }
        let wanted = wanted(count, gib);
        let mut gpus = match (self.read)() {
            Ok(gpus) => gpus,
            Err(source) => return Err(ServeError::NoGpu { name: name.to_owned(), wanted, source }),
        };
        gpus.sort_by_key(|gpu| (std::cmp::Reverse(gpu.free_bytes), gpu.index));
        let mut taken = self.taken();
        let (mut fit, mut unfit) = (Vec::new(), Vec::new());
        for gpu in &gpus {
            let free = gib_of(gpu.free_bytes);
            let who = format!("GPU {} ({})", gpu.index, gpu.name);
            if let Some(other) = taken.get(&gpu.index) {
                unfit.push(format!("{who} belongs to server `{other}`"));
            } else if gib.is_some_and(|needed| free < needed) {
                unfit.push(format!("{who} has {free:.1} GiB free"));
            } else {
                fit.push(gpu.index);
            }
        }
        if fit.len() < count {
            let found = if unfit.is_empty() { "there are no others".to_owned() } else { unfit.join("; ") };
            return Err(ServeError::TooFewGpus { name: name.to_owned(), wanted, fit: fit.len(), found });
        }
        fit.truncate(count);
        fit.sort_unstable();
        taken.extend(fit.iter().map(|index| (*index, name.to_owned())));
        drop(taken);
        Ok(Claim { devices: Arc::clone(self), indices: fit })
    }
}

impl Claim {
    /// The GPUs' places in the driver's order.
    pub(super) fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// `CUDA_VISIBLE_DEVICES` for the server: its GPUs and no other, nothing where it has none.
    pub(super) fn visible(&self) -> String {
        let name = |index: &usize| match &self.devices.visible {
            // The driver counted among what the user leaves us; the server starts from the same variable.
            Some(names) => names.get(*index).cloned().unwrap_or_else(|| index.to_string()),
            None => index.to_string(),
        };
        self.indices.iter().map(name).collect::<Vec<_>>().join(",")
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut taken = self.devices.taken();
        for index in &self.indices {
            taken.remove(index);
        }
    }
}

fn wanted(count: usize, gib: Option<f64>) -> String {
    let gpus = if count == 1 { "1 GPU".to_owned() } else { format!("{count} GPUs") };
    gib.map_or(gpus.clone(), |gib| format!("{gpus} with {gib} GiB free"))
}

#[allow(clippy::cast_precision_loss, reason = "shown and compared in GiB")]
fn gib_of(bytes: u64) -> f64 {
    bytes as f64 / GIB
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(index: usize, free_gib: u64) -> Gpu {
        Gpu { index, name: "Card".into(), total_bytes: 80 << 30, free_bytes: free_gib << 30, capability: (9, 0) }
    }

    fn four() -> Arc<Devices> {
        Devices::new(|| Ok(vec![gpu(0, 10), gpu(1, 70), gpu(2, 3), gpu(3, 70)]), None)
    }

    #[test]
    fn the_emptiest_gpus_are_taken_and_given_back() {
        let devices = four();
        let first = devices.claim("a", 2, Some(8.0)).unwrap();
        assert_eq!((first.indices(), first.visible().as_str()), (&[1, 3][..], "1,3"));
        let second = devices.claim("b", 1, Some(8.0)).unwrap();
        assert_eq!(second.indices(), [0]);
        drop(first);
        assert_eq!(devices.claim("c", 1, None).unwrap().indices(), [1]);
    }

    #[test]
    fn too_few_gpus_are_told_one_by_one() {
        let devices = four();
        let _first = devices.claim("a", 2, None).unwrap();
        let message = devices.claim("b", 2, Some(7.5)).unwrap_err().to_string();
        assert_eq!(
            message,
            "server `b` needs 2 GPUs with 7.5 GiB free, and 1 can be had: GPU 1 (Card) belongs to server `a`; \
             GPU 3 (Card) belongs to server `a`; GPU 2 (Card) has 3.0 GiB free"
        );
        let few = Devices::new(|| Ok(vec![gpu(0, 10)]), None).claim("c", 2, None).unwrap_err().to_string();
        assert_eq!(few, "server `c` needs 2 GPUs, and 1 can be had: there are no others");
    }

    #[test]
    fn a_gpu_asked_for_where_there_is_none_is_an_error_that_says_what_was_looked_for() {
        let none = Devices::new(|| Err(DeviceError::NoDriver { looked_for: "libcuda.so.1, libcuda.so".into() }), None);
        let message = none.claim("a", 1, Some(24.0)).unwrap_err().to_string();
        let expected = "server `a` needs 1 GPU with 24 GiB free: no CUDA driver: looked for libcuda.so.1, libcuda.so";
        assert_eq!(message, expected);
        assert_eq!(none.claim("b", 0, None).unwrap().visible(), "");
    }

    #[test]
    fn what_the_user_hides_stays_hidden() {
        let devices = Devices::new(|| Ok(vec![gpu(0, 10), gpu(1, 20)]), Some("5, GPU-7af3"));
        assert_eq!(devices.claim("a", 1, None).unwrap().visible(), "GPU-7af3");
        assert_eq!(devices.claim("a", 2, None).unwrap().visible(), "5,GPU-7af3");
    }
}
