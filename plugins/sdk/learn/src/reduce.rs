//! Embeddings made narrow enough to learn from inside the sandbox.

use routerlab_sdk::{Error, Matrix, QuerySet, State, StateReader, StateWriter};

/// Projects embeddings onto their directions of largest variance among the training queries, scaled so that a number of
/// the result has a mean square of 1 there. The work is the host's.
#[derive(Debug)]
pub struct Reducer {
    /// embedding width x reduced width.
    projection: Matrix,
    /// What is added to each reduced number: minus the projected mean.
    offset: Vec<f32>,
}

impl Reducer {
    /// Learns the directions: `width` of them, or as many as the embeddings are wide.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there are no embeddings or no rows to learn from.
    pub fn fit(queries: &QuerySet<'_>, width: usize) -> Result<Self, Error> {
        if queries.rows() == 0 {
            return Err(Error::unsupported("there are no training queries"));
        }
        let embeddings = queries.embedding_matrix()?.normalise_rows()?;
        let found = embeddings.pca(width.clamp(1, embeddings.cols()))?;
        let width = found.components.rows();
        let spread = found.variances.iter().sum::<f32>() / width as f32;
        // Embeddings that are all the same have no spread; any scale will do.
        let scale = if spread > f32::MIN_POSITIVE { spread.sqrt().recip() } else { 1.0 };
        let offset = found.mean.multiply_transposed(&found.components)?.read_all()?;
        let offset = offset.into_iter().map(|value| -value * scale).collect();
        let rows = found.components.read_all()?;
        let cols = found.components.cols();
        let transposed =
            (0..cols).flat_map(|col| rows[col..].iter().step_by(cols).map(|value| value * scale)).collect();
        Ok(Self { projection: Matrix::new(cols, width, transposed)?, offset })
    }

    /// How many numbers a reduced embedding has.
    pub fn width(&self) -> usize {
        self.offset.len()
    }

    /// queries x width, row after row.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there are no embeddings, [`Error::Malformed`] when they have another width than those
    /// that were learned from.
    pub fn reduce(&self, queries: &QuerySet<'_>) -> Result<Vec<f32>, Error> {
        if queries.rows() == 0 {
            return Ok(Vec::new());
        }
        let embeddings = queries.embedding_matrix()?.normalise_rows()?;
        let mut reduced = embeddings.multiply(&self.projection)?.read_all()?;
        for row in reduced.chunks_exact_mut(self.offset.len()) {
            for (value, offset) in row.iter_mut().zip(&self.offset) {
                *value += offset;
            }
        }
        Ok(reduced)
    }

    /// Adds the offsets to a state; the projection stays with the host, as one of the state's matrices.
    #[must_use]
    pub fn write(self, writer: StateWriter) -> (StateWriter, Matrix) {
        (writer.f32s(&self.offset), self.projection)
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the parts do not fit together.
    pub fn read(reader: &mut StateReader<'_>, projection: Matrix) -> Result<Self, Error> {
        let offset = reader.f32s()?;
        if offset.is_empty() || offset.len() != projection.cols() {
            return Err(Error::malformed("the parts of a projection do not fit together"));
        }
        Ok(Self { projection, offset })
    }

    /// Takes the one matrix out of a state whose bytes are read separately.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there is not exactly one.
    pub fn matrix_of(state: &mut State) -> Result<Matrix, Error> {
        let matrices = std::mem::take(&mut state.matrices);
        let [projection] = State { bytes: Vec::new(), matrices }.into_matrices()?;
        Ok(projection)
    }
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::{InMemory, Random, StateWriter};

    use super::Reducer;

    fn planted(rows: usize) -> InMemory {
        let mut random = Random::new(5);
        // Nearly all variance lies along the first two of six directions.
        let scales = [1.0, 0.5, 0.01, 0.01, 0.01, 0.01];
        let draw = |scale: f64| (scale * (random.unit() - 0.5)) as f32;
        let values = scales.iter().copied().cycle().take(6 * rows).map(draw).collect();
        InMemory::new(1).embeddings(6, values)
    }

    #[test]
    fn a_reduced_number_has_mean_0_and_mean_square_1() {
        let queries = planted(500).queries().unwrap();
        let reducer = Reducer::fit(&queries, 2).unwrap();
        let reduced = reducer.reduce(&queries).unwrap();
        assert_eq!((reducer.width(), reduced.len()), (2, 1000));
        let mean = reduced.iter().sum::<f32>() / 1000.0;
        let square = reduced.iter().map(|x| x * x).sum::<f32>() / 1000.0;
        assert!(mean.abs() < 1e-3 && (square - 1.0).abs() < 1e-2, "{mean} {square}");
    }

    #[test]
    fn a_reducer_never_widens_and_takes_rows_that_are_all_the_same() {
        let queries = InMemory::new(1).embeddings(3, [1.0, 0.0, 0.0].repeat(4)).queries().unwrap();
        let reducer = Reducer::fit(&queries, 64).unwrap();
        assert_eq!(reducer.width(), 3);
        assert!(reducer.reduce(&queries).unwrap().iter().all(|x| x.abs() < 1e-6));
    }

    #[test]
    fn a_reducer_is_read_back_as_it_was_written() {
        let queries = planted(50).queries().unwrap();
        let reducer = Reducer::fit(&queries, 4).unwrap();
        let before = reducer.reduce(&queries).unwrap();
        let (writer, matrix) = reducer.write(StateWriter::new("toy/1"));
        let mut state = writer.finish(vec![matrix]);
        let projection = Reducer::matrix_of(&mut state).unwrap();
        let again = Reducer::read(&mut state.reader("toy/1").unwrap(), projection).unwrap();
        assert_eq!(again.reduce(&queries).unwrap(), before);
        assert!(Reducer::fit(&InMemory::new(1).embeddings(3, vec![]).queries().unwrap(), 2).is_err());
    }
}
