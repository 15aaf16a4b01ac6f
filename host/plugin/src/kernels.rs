//! The `kernels` import: host matrices over `routerlab-kernels`, each operation paid for before it is done.

use routerlab_kernels::{KernelError, Matrix, Metric, fuel};
use wasmtime::component::Resource;

use crate::bindings::router::routerlab::plugin::kernels;
use crate::error::HostFault;
use crate::state::StoreState;

/// A matrix within a plugin's reach.
#[allow(unreachable_pub, reason = "generated bindings re-export it inside this crate")]
pub struct HostMatrix {
    pub(crate) matrix: Matrix,
    /// Bytes counted against the plugin; 0 for matrices that the host holds anyway.
    held_bytes: u64,
}

impl HostMatrix {
    /// A matrix that the host holds anyway.
    pub(crate) fn shared(matrix: Matrix) -> Self {
        Self { matrix, held_bytes: 0 }
    }
}

/// Rows and columns as the fuel formulas want them.
fn size(matrix: &Matrix) -> (u64, u64) {
    (matrix.rows() as u64, matrix.cols() as u64)
}

impl From<KernelError> for HostFault {
    fn from(error: KernelError) -> Self {
        Self::breach(error.to_string())
    }
}

impl StoreState {
    /// Refuses a result that would be too large before it is computed.
    fn reserve(&mut self, rows: usize, cols: usize) -> Result<u64, HostFault> {
        let bytes = (rows as u64).saturating_mul(cols as u64).saturating_mul(4);
        self.hold(bytes)?;
        Ok(bytes)
    }

    /// Makes a rows x cols matrix: pays, reserves, computes, lends.
    fn make(
        &mut self,
        fuel: u64,
        (rows, cols): (usize, usize),
        compute: impl FnOnce(&Self) -> Result<Matrix, HostFault>,
    ) -> Result<Resource<HostMatrix>, HostFault> {
        self.charge(fuel)?;
        let held_bytes = self.reserve(rows, cols)?;
        match compute(self) {
            Ok(matrix) => self.lend(HostMatrix { matrix, held_bytes }),
            Err(fault) => {
                self.release(held_bytes);
                Err(fault)
            }
        }
    }

    fn matrix(&self, handle: &Resource<HostMatrix>) -> Result<Matrix, HostFault> {
        Ok(self.object(handle)?.matrix.clone())
    }

    /// Takes a matrix out of the plugin's reach, to be kept as state.
    pub(crate) fn keep(&mut self, handle: Resource<HostMatrix>) -> Result<Matrix, HostFault> {
        let object =
            self.table.delete(handle).map_err(|_| HostFault::breach("left a matrix behind that it does not own"))?;
        self.release(object.held_bytes);
        Ok(object.matrix)
    }
}

impl kernels::HostHostMatrix for StoreState {
    fn new(&mut self, rows: u32, cols: u32, values: Vec<f32>) -> wasmtime::Result<Resource<HostMatrix>> {
        let (rows, cols) = (rows as usize, cols as usize);
        let cost = fuel::matrix(values.len() as u64, 1);
        Ok(self.make(cost, (values.len(), 1), |_| Ok(Matrix::new(rows, cols, values)?))?)
    }

    fn rows(&mut self, matrix: Resource<HostMatrix>) -> wasmtime::Result<u32> {
        Ok(self.object(&matrix)?.matrix.rows() as u32)
    }

    fn cols(&mut self, matrix: Resource<HostMatrix>) -> wasmtime::Result<u32> {
        Ok(self.object(&matrix)?.matrix.cols() as u32)
    }

    fn read(&mut self, matrix: Resource<HostMatrix>, start: u32, count: u32) -> wasmtime::Result<Vec<f32>> {
        let matrix = self.matrix(&matrix)?;
        let part = matrix.slice_rows(start as usize, count as usize).map_err(HostFault::from)?;
        self.charge(fuel::read(part.rows() as u64, part.cols() as u64))?;
        Ok(part.values().to_vec())
    }

    fn gather(&mut self, matrix: Resource<HostMatrix>, rows: Vec<u32>) -> wasmtime::Result<Resource<HostMatrix>> {
        let matrix = self.matrix(&matrix)?;
        let shape = (rows.len(), matrix.cols());
        let cost = fuel::gather(rows.len() as u64, matrix.cols() as u64);
        Ok(self.make(cost, shape, |_| Ok(matrix.gather(&rows)?))?)
    }

    fn normalise_rows(&mut self, matrix: Resource<HostMatrix>) -> wasmtime::Result<Resource<HostMatrix>> {
        let matrix = self.matrix(&matrix)?;
        let shape = (matrix.rows(), matrix.cols());
        let (n, d) = size(&matrix);
        Ok(self.make(fuel::normalise_rows(n, d), shape, |state| Ok(matrix.normalise_rows(state.threads)?))?)
    }

    fn multiply(
        &mut self,
        matrix: Resource<HostMatrix>,
        other: Resource<HostMatrix>,
        transposed: bool,
    ) -> wasmtime::Result<Resource<HostMatrix>> {
        let (matrix, other) = (self.matrix(&matrix)?, self.matrix(&other)?);
        let cols = if transposed { other.rows() } else { other.cols() };
        let (n, d) = size(&matrix);
        let shape = (matrix.rows(), cols);
        Ok(self.make(fuel::multiply(n, d, cols as u64), shape, |state| {
            Ok(matrix.multiply(&other, transposed, state.threads)?)
        })?)
    }

    fn nearest(
        &mut self,
        matrix: Resource<HostMatrix>,
        queries: Resource<HostMatrix>,
        k: u32,
        metric: kernels::Metric,
    ) -> wasmtime::Result<kernels::Neighbours> {
        let (matrix, queries) = (self.matrix(&matrix)?, self.matrix(&queries)?);
        let (n, d) = size(&matrix);
        self.charge(fuel::nearest(n, d, queries.rows() as u64))?;
        // The answer is copied into the plugin; it is held only until then.
        let held = self.reserve(queries.rows(), matrix.rows().min(k as usize) * 2)?;
        let metric = match metric {
            kernels::Metric::Euclidean => Metric::Euclidean,
            kernels::Metric::Cosine => Metric::Cosine,
            kernels::Metric::Dot => Metric::Dot,
        };
        let found = matrix.nearest(&queries, k as usize, metric, self.threads).map_err(HostFault::from);
        self.release(held);
        let found = found?;
        Ok(kernels::Neighbours { k: found.k as u32, rows: found.rows, distances: found.distances })
    }

    fn kmeans(
        &mut self,
        matrix: Resource<HostMatrix>,
        k: u32,
        rounds: u32,
        seed: u64,
    ) -> wasmtime::Result<kernels::Clusters> {
        let matrix = self.matrix(&matrix)?;
        let (n, d) = size(&matrix);
        self.charge(fuel::kmeans(n, d, k.into(), rounds.into()))?;
        let held_bytes = self.reserve(matrix.rows().min(k as usize), matrix.cols())?;
        let clusters = match matrix.kmeans(k as usize, rounds, seed, self.threads) {
            Ok(clusters) => clusters,
            Err(error) => {
                self.release(held_bytes);
                return Err(HostFault::from(error).into());
            }
        };
        let centroids = self.lend(HostMatrix { matrix: clusters.centroids, held_bytes })?;
        let (assignment, inertia, rounds) = (clusters.assignment, clusters.inertia, clusters.rounds);
        Ok(kernels::Clusters { centroids, assignment, inertia, rounds })
    }

    fn ridge(
        &mut self,
        matrix: Resource<HostMatrix>,
        targets: Resource<HostMatrix>,
        lambda: f32,
    ) -> wasmtime::Result<Resource<HostMatrix>> {
        let (matrix, targets) = (self.matrix(&matrix)?, self.matrix(&targets)?);
        let (n, d) = size(&matrix);
        let shape = (matrix.cols() + 1, targets.cols());
        Ok(self.make(fuel::ridge(n, d, targets.cols() as u64), shape, |state| {
            Ok(matrix.ridge(&targets, lambda, state.threads)?)
        })?)
    }

    fn pca(&mut self, matrix: Resource<HostMatrix>, width: u32) -> wasmtime::Result<kernels::Projection> {
        let matrix = self.matrix(&matrix)?;
        let (n, d) = size(&matrix);
        self.charge(fuel::pca(n, d))?;
        let projection = matrix.pca(width as usize, self.threads).map_err(HostFault::from)?;
        let mean_bytes = self.reserve(1, projection.mean.cols())?;
        let component_bytes = self.reserve(projection.components.rows(), projection.components.cols())?;
        let mean = self.lend(HostMatrix { matrix: projection.mean, held_bytes: mean_bytes })?;
        let components = self.lend(HostMatrix { matrix: projection.components, held_bytes: component_bytes })?;
        Ok(kernels::Projection { mean, components, variances: projection.variances })
    }

    fn drop(&mut self, matrix: Resource<HostMatrix>) -> wasmtime::Result<()> {
        let object = self.table.delete(matrix)?;
        self.release(object.held_bytes);
        Ok(())
    }
}

impl kernels::Host for StoreState {}
