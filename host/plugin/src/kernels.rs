//! The `kernels` import: host matrices over `routerlab-kernels`, each operation paid for before it is done.

use routerlab_kernels::cost::{self, Cost};
use routerlab_kernels::{KernelError, Matrix, Metric, Threads};
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

/// Rows and columns as the cost formulas want them.
fn size(matrix: &Matrix) -> (u64, u64) {
    (matrix.rows() as u64, matrix.cols() as u64)
}

fn bytes(rows: usize, cols: usize) -> u64 {
    (rows as u64).saturating_mul(cols as u64).saturating_mul(4)
}

impl From<KernelError> for HostFault {
    fn from(error: KernelError) -> Self {
        Self::breach(error.to_string())
    }
}

impl StoreState {
    /// Does one operation: pays, holds what it needs while it runs and `result_bytes` for what it gives, computes. The
    /// result's bytes stay held; the caller lends the result with them or releases them.
    fn work<T>(
        &mut self,
        cost: Cost,
        result_bytes: u64,
        compute: impl FnOnce(Threads) -> Result<T, KernelError>,
    ) -> Result<T, HostFault> {
        self.charge(cost.fuel)?;
        // Refused before anything is allocated.
        self.hold(result_bytes.saturating_add(cost.working_bytes))?;
        let result = compute(self.threads);
        self.release(cost.working_bytes);
        result.map_err(|error| {
            self.release(result_bytes);
            error.into()
        })
    }

    /// Does an operation whose result is one rows x cols matrix, and lends it.
    fn make(
        &mut self,
        cost: Cost,
        (rows, cols): (usize, usize),
        compute: impl FnOnce(Threads) -> Result<Matrix, KernelError>,
    ) -> Result<Resource<HostMatrix>, HostFault> {
        let held_bytes = bytes(rows, cols);
        let matrix = self.work(cost, held_bytes, compute)?;
        self.lend(HostMatrix { matrix, held_bytes })
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
        self.enter()?;
        let (rows, cols) = (rows as usize, cols as usize);
        let cost = cost::matrix(values.len() as u64, 1);
        Ok(self.make(cost, (values.len(), 1), |_| Matrix::new(rows, cols, values))?)
    }

    fn rows(&mut self, matrix: Resource<HostMatrix>) -> wasmtime::Result<u32> {
        self.enter()?;
        Ok(self.object(&matrix)?.matrix.rows() as u32)
    }

    fn cols(&mut self, matrix: Resource<HostMatrix>) -> wasmtime::Result<u32> {
        self.enter()?;
        Ok(self.object(&matrix)?.matrix.cols() as u32)
    }

    fn read(&mut self, matrix: Resource<HostMatrix>, start: u32, count: u32) -> wasmtime::Result<Vec<f32>> {
        self.enter()?;
        let matrix = self.matrix(&matrix)?;
        let part = matrix.slice_rows(start as usize, count as usize).map_err(HostFault::from)?;
        let (n, d) = size(&part);
        self.charge(cost::read(n, d).fuel)?;
        Ok(part.values().to_vec())
    }

    fn gather(&mut self, matrix: Resource<HostMatrix>, rows: Vec<u32>) -> wasmtime::Result<Resource<HostMatrix>> {
        self.enter()?;
        let matrix = self.matrix(&matrix)?;
        let shape = (rows.len(), matrix.cols());
        let cost = cost::gather(rows.len() as u64, matrix.cols() as u64);
        Ok(self.make(cost, shape, |_| matrix.gather(&rows))?)
    }

    fn normalise_rows(&mut self, matrix: Resource<HostMatrix>) -> wasmtime::Result<Resource<HostMatrix>> {
        self.enter()?;
        let matrix = self.matrix(&matrix)?;
        let (n, d) = size(&matrix);
        let shape = (matrix.rows(), matrix.cols());
        Ok(self.make(cost::normalise_rows(n, d), shape, |threads| matrix.normalise_rows(threads))?)
    }

    fn multiply(
        &mut self,
        matrix: Resource<HostMatrix>,
        other: Resource<HostMatrix>,
        transposed: bool,
    ) -> wasmtime::Result<Resource<HostMatrix>> {
        self.enter()?;
        let (matrix, other) = (self.matrix(&matrix)?, self.matrix(&other)?);
        let cols = if transposed { other.rows() } else { other.cols() };
        let (n, d) = size(&matrix);
        let shape = (matrix.rows(), cols);
        let product = |threads| matrix.multiply(&other, transposed, threads);
        Ok(self.make(cost::multiply(n, d, cols as u64), shape, product)?)
    }

    fn nearest(
        &mut self,
        matrix: Resource<HostMatrix>,
        queries: Resource<HostMatrix>,
        k: u32,
        metric: kernels::Metric,
    ) -> wasmtime::Result<kernels::Neighbours> {
        self.enter()?;
        let (matrix, queries) = (self.matrix(&matrix)?, self.matrix(&queries)?);
        let (n, d) = size(&matrix);
        let cost = cost::nearest(n, d, queries.rows() as u64, k.into());
        let metric = match metric {
            kernels::Metric::Euclidean => Metric::Euclidean,
            kernels::Metric::Cosine => Metric::Cosine,
            kernels::Metric::Dot => Metric::Dot,
        };
        let held = bytes(queries.rows(), matrix.rows().min(k as usize).saturating_mul(2));
        let found = self.work(cost, held, |threads| matrix.nearest(&queries, k as usize, metric, threads))?;
        // The answer is copied into the plugin; it was held only until then.
        self.release(held);
        Ok(kernels::Neighbours { k: found.k as u32, rows: found.rows, distances: found.distances })
    }

    fn kmeans(
        &mut self,
        matrix: Resource<HostMatrix>,
        k: u32,
        rounds: u32,
        seed: u64,
    ) -> wasmtime::Result<kernels::Clusters> {
        self.enter()?;
        let matrix = self.matrix(&matrix)?;
        let (n, d) = size(&matrix);
        let cost = cost::kmeans(n, d, k.into(), rounds.into());
        let held_bytes = bytes(matrix.rows().min(k as usize), matrix.cols());
        let clusters = self.work(cost, held_bytes, |threads| matrix.kmeans(k as usize, rounds, seed, threads))?;
        // The bits are the same everywhere, so the round at which it ended is too.
        self.refund(cost.fuel - cost::kmeans(n, d, k.into(), clusters.rounds.into()).fuel);
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
        self.enter()?;
        let (matrix, targets) = (self.matrix(&matrix)?, self.matrix(&targets)?);
        let (n, d) = size(&matrix);
        // What has to be solved depends on which targets are missing; finding out costs a look at each.
        let (rows, t) = size(&targets);
        let look = cost::missing_rows(rows, t);
        let missing = self.work(look, look.working_bytes, |_| Ok(targets.missing_rows()))?;
        let shape = (matrix.cols().saturating_add(1), targets.cols());
        let solve = |threads| matrix.ridge_given(&targets, &missing, lambda, threads);
        let solved = self.make(cost::ridge(n, d, t, missing.patterns() as u64), shape, solve)?;
        self.release(look.working_bytes);
        Ok(solved)
    }

    fn pca(&mut self, matrix: Resource<HostMatrix>, width: u32) -> wasmtime::Result<kernels::Projection> {
        self.enter()?;
        let matrix = self.matrix(&matrix)?;
        let (n, d) = size(&matrix);
        let width = width as usize;
        let (mean_bytes, component_bytes) = (bytes(1, matrix.cols()), bytes(width, matrix.cols()));
        let held = mean_bytes.saturating_add(component_bytes);
        let projection = self.work(cost::pca(n, d), held, |threads| matrix.pca(width, threads))?;
        let mean = self.lend(HostMatrix { matrix: projection.mean, held_bytes: mean_bytes })?;
        let components = self.lend(HostMatrix { matrix: projection.components, held_bytes: component_bytes })?;
        Ok(kernels::Projection { mean, components, variances: projection.variances })
    }

    fn drop(&mut self, matrix: Resource<HostMatrix>) -> wasmtime::Result<()> {
        self.enter()?;
        let object = self.table.delete(matrix)?;
        self.release(object.held_bytes);
        Ok(())
    }
}

impl kernels::Host for StoreState {}
