package glia.reason.rollout;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/// Rollouts as columns, from the sampler to the loss. A row is a token that the policy chose: no prompt, observation or
/// padding. Rows are in the order of those of a `TokenBatch`.
///
/// @param sequences the sequence of each row
/// @param numSequences number of sequences; one may have no row, such as a masked truncated completion
/// @param columns numbers of rows or sequences; those that are not there are empty
/// @param seed for random choices within a loss: a pure function of the run's seed and the step
public record RolloutColumns(int[] sequences, int numSequences, Map<Column, double[]> columns, long seed) {
    /// What is known of rows or sequences.
    public enum Column {
        /// The advantage of a row.
        ADVANTAGE,
        /// The advantage of a sequence, for losses with one term a sequence.
        SEQUENCE_ADVANTAGE,
        /// Log-probability under the policy that the ratio is taken to; absent for the policy itself (one update a
        /// batch: the ratio is 1, its gradient is not 0).
        OLD,
        /// Log-probability under the reference model.
        REFERENCE,
        /// Log-probability as the sampler computed it; absent where it is the old one.
        SAMPLER,
        /// Importance weight of a row for the difference between training and sampler, a constant factor of its loss.
        WEIGHT,
        /// The same for a sequence.
        SEQUENCE_WEIGHT,
        /// Value of the value head at generation.
        VALUE,
        /// Return that the value head learns.
        RETURN,
        /// 1 for rows of high entropy among all of an update, which alone have a policy loss, 0 for others; absent in
        /// an update of one micro-batch, which finds them itself.
        HIGH_ENTROPY,
        /// The same for rows of high covariance, which some losses treat differently.
        HIGH_COVARIANCE;

        private boolean isOfSequence() {
            return this == SEQUENCE_ADVANTAGE || this == SEQUENCE_WEIGHT;
        }
    }

    private static final double[] NONE = {};

    /// @throws IllegalArgumentException if a column has another length than the rows or sequences, or a sequence does
    ///     not exist
    public RolloutColumns {
        columns = columns.isEmpty() ? new EnumMap<>(Column.class) : new EnumMap<>(columns);
        columns.values().removeIf(numbers -> numbers.length == 0);
        for (Map.Entry<Column, double[]> e : columns.entrySet()) {
            int expected = e.getKey().isOfSequence() ? numSequences : sequences.length;
            if (e.getValue().length != expected) {
                throw new IllegalArgumentException(e.getKey().name().toLowerCase(Locale.ROOT) + ": found "
                        + e.getValue().length + " numbers, expected " + expected);
            }
        }
        for (int n = 0; n < sequences.length; n++) {
            if (sequences[n] < 0 || sequences[n] >= numSequences) {
                throw new IllegalArgumentException("sequences[" + n + "]: found " + sequences[n] + ", expected 0 to "
                        + (numSequences - 1));
            }
        }
    }

    /// Rows without columns.
    public static RolloutColumns of(int[] sequences, int numSequences) {
        return new RolloutColumns(sequences, numSequences, Map.of(), 0);
    }

    /// Rows of sequences of these lengths, one after the other, with the numbers of a column.
    public static RolloutColumns of(Column column, double[]... rows) {
        int[] sequences = IntStream.range(0, rows.length)
                .flatMap(s -> IntStream.generate(() -> s).limit(rows[s].length)).toArray();
        return of(sequences, rows.length).with(column, rows);
    }

    /// Rows with one advantage for each sequence, on-policy and without a reference model.
    public static RolloutColumns ofSequences(int[] sequences, double[] advantages) {
        return of(sequences, advantages.length).with(Column.SEQUENCE_ADVANTAGE, advantages)
                .with(Column.ADVANTAGE, Arrays.stream(sequences).mapToDouble(s -> advantages[s]).toArray());
    }

    /// Rows with one advantage each, on-policy and without a reference model. The advantage of a sequence is the mean
    /// of its rows, 0 without rows.
    public static RolloutColumns ofRows(int[] sequences, int numSequences, double[] advantages) {
        RolloutColumns rows = of(sequences, numSequences).with(Column.ADVANTAGE, advantages);
        return rows.with(Column.SEQUENCE_ADVANTAGE, rows.means(advantages));
    }

    /// The same rows with another column; without one that is empty.
    public RolloutColumns with(Column column, double... numbers) {
        Map<Column, double[]> more = new EnumMap<>(Column.class);
        more.putAll(columns);
        more.put(column, numbers);
        return new RolloutColumns(sequences, numSequences, more, seed);
    }

    /// The same with a column of numbers by sequence and row; without one if there are no sequences.
    public RolloutColumns with(Column column, double[][] rows) {
        return with(column, Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray());
    }

    /// The same with a column of 1 for true.
    public RolloutColumns with(Column column, boolean... flags) {
        return with(column, IntStream.range(0, flags.length).mapToDouble(n -> flags[n] ? 1 : 0).toArray());
    }

    /// The same with another seed.
    public RolloutColumns withSeed(long number) {
        return new RolloutColumns(sequences, numSequences, columns, number);
    }

    /// Some sequences, in this order.
    public RolloutColumns part(List<Integer> which) {
        int[] starts = new int[numSequences + 1];
        int[] lengths = lengths();
        for (int s = 0; s < numSequences; s++) {
            starts[s + 1] = starts[s] + lengths[s];
        }
        int[] rows = which.stream().flatMapToInt(s -> IntStream.range(starts[s], starts[s + 1])).toArray();
        int[] of = IntStream.range(0, which.size()).flatMap(i -> IntStream.generate(() -> i)
                .limit(lengths[which.get(i)])).toArray();
        int[] whole = which.stream().mapToInt(s -> s).toArray();
        Map<Column, double[]> some = new EnumMap<>(Column.class);
        columns.forEach((column, numbers) -> some.put(column, Arrays.stream(column.isOfSequence() ? whole : rows)
                .mapToDouble(n -> numbers[n]).toArray()));
        return new RolloutColumns(of, which.size(), some, seed);
    }

    /// A column; empty if it is absent.
    public double[] get(Column column) {
        return columns.getOrDefault(column, NONE);
    }

    /// Whether a column is there.
    public boolean has(Column column) {
        return columns.containsKey(column);
    }

    /// A column of 1 and 0; empty if it is absent.
    public boolean[] flags(Column column) {
        double[] numbers = get(column);
        boolean[] flags = new boolean[numbers.length];
        for (int n = 0; n < flags.length; n++) {
            flags[n] = numbers[n] != 0;
        }
        return flags;
    }

    /// The importance weight of a row or its sequence, 1 without.
    public double weight(int row) {
        return has(Column.WEIGHT) ? get(Column.WEIGHT)[row]
                : has(Column.SEQUENCE_WEIGHT) ? get(Column.SEQUENCE_WEIGHT)[sequences[row]] : 1;
    }

    /// Whether tokens of a sequence have different advantages.
    public boolean hasTokenAdvantages() {
        double[] rows = get(Column.ADVANTAGE);
        double[] ofSequences = get(Column.SEQUENCE_ADVANTAGE);
        return IntStream.range(0, sequences.length).anyMatch(n -> rows[n] != ofSequences[sequences[n]]);
    }

    /// The number of rows.
    public int numRows() {
        return sequences.length;
    }

    /// The number of rows of each sequence.
    public int[] lengths() {
        int[] lengths = new int[numSequences];
        for (int s : sequences) {
            lengths[s]++;
        }
        return lengths;
    }

    /// The number of sequences that have a row.
    public int numNonEmpty() {
        return (int) Arrays.stream(lengths()).filter(length -> length > 0).count();
    }

    /// Sums of rows by sequence.
    public double[] sums(double... rows) {
        double[] sums = new double[numSequences];
        for (int n = 0; n < rows.length; n++) {
            sums[sequences[n]] += rows[n];
        }
        return sums;
    }

    /// Means of rows by sequence, 0 for a sequence without rows.
    public double[] means(double... rows) {
        double[] means = sums(rows);
        int[] lengths = lengths();
        for (int s = 0; s < means.length; s++) {
            means[s] /= Math.max(1, lengths[s]);
        }
        return means;
    }

    /// `old - sampler` of each row.
    public double[] logRatios() {
        double[] d = get(Column.OLD).clone();
        for (int n = 0; n < d.length; n++) {
            d[n] -= get(Column.SAMPLER)[n];
        }
        return d;
    }
}
