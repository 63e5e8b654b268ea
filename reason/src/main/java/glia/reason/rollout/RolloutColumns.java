package glia.reason.rollout;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/// Rollouts as columns, from the sampler to the loss. A row is a token that the policy chose: no prompt, observation or
/// padding. Rows are in the order of those of a `TokenBatch`. Rewards become advantages, and advantages a loss, by
/// columns that are added.
///
/// @param sequences the sequence of each row
/// @param numSequences number of sequences; one may have no row, such as a masked truncated completion
/// @param columns numbers of rows or sequences; those that are not there are empty
/// @param seed for random choices within a loss: a pure function of the run's seed and the step
public record RolloutColumns(int[] sequences, int numSequences, Map<Column, double[]> columns, long seed) {
    /// What is known of rows or sequences.
    public enum Column {
        /// The number of a sequence's prompt: those of the same prompt are a group.
        GROUP,
        /// Rewards of a sequence, one for each of K scores, sequence after sequence; NaN where one does not apply.
        SCORES,
        /// The weights of the K scores, to be added after them; 1 where absent.
        SCORE_WEIGHTS,
        /// The reward of a row, where it is not the weighted sum of the scores at the last row.
        REWARD,
        /// The reward of the greedy answer to a sequence's prompt.
        GREEDY_REWARD,
        /// Σ_v π(v)² of the distribution that a row was sampled from.
        SQUARED_PROBS,
        /// The place of a row in its completion where observations count too; absent if they do not.
        PLACE,
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

        /// How many numbers a sequence has, 0 for columns of rows.
        private int perSequence(int numScores) {
            return switch (this) {
                case GROUP, GREEDY_REWARD, SEQUENCE_ADVANTAGE, SEQUENCE_WEIGHT -> 1;
                case SCORES -> numScores;
                default -> 0;
            };
        }
    }

    private static final double[] NONE = {};

    /// @throws IllegalArgumentException if a column has another length than the rows or sequences, or a sequence does
    ///     not exist
    public RolloutColumns {
        columns = columns.isEmpty() ? new EnumMap<>(Column.class) : new EnumMap<>(columns);
        columns.values().removeIf(numbers -> numbers.length == 0);
        if (!columns.containsKey(Column.SCORES)) {
            columns.remove(Column.SCORE_WEIGHTS);
        }
        for (Map.Entry<Column, double[]> e : columns.entrySet()) {
            int count = e.getKey().perSequence(numScores(numSequences, columns));
            int expected = e.getKey() == Column.SCORE_WEIGHTS ? numScores(numSequences, columns)
                    : count == 0 ? sequences.length : count * numSequences;
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

    private static int numScores(int numSequences, Map<Column, double[]> columns) {
        double[] scores = columns.get(Column.SCORES);
        return scores == null ? 0 : scores.length / Math.max(1, numSequences);
    }

    /// The same with one advantage for each sequence, which is that of its rows and their return.
    public RolloutColumns withSequenceAdvantages(double... advantages) {
        double[] rows = spread(advantages);
        return with(Column.SEQUENCE_ADVANTAGE, advantages).with(Column.ADVANTAGE, rows).with(Column.RETURN, rows);
    }

    /// The same with one advantage for each row. That of a sequence is the mean of its rows, 0 without rows.
    public RolloutColumns withAdvantages(double... rows) {
        return with(Column.ADVANTAGE, rows).with(Column.SEQUENCE_ADVANTAGE, means(rows));
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
        Map<Column, double[]> some = new EnumMap<>(Column.class);
        columns.forEach((column, numbers) -> {
            int count = column.perSequence(numScores());
            IntStream chosen = column == Column.SCORE_WEIGHTS ? IntStream.range(0, numbers.length)
                    : count == 0 ? Arrays.stream(rows)
                    : which.stream().flatMapToInt(s -> IntStream.range(s * count, (s + 1) * count));
            some.put(column, chosen.mapToDouble(n -> numbers[n]).toArray());
        });
        return new RolloutColumns(of, which.size(), some, seed);
    }

    /// A column; empty if it is absent.
    public double[] get(Column column) {
        return columns.getOrDefault(column, NONE);
    }

    /// A column that something needs.
    ///
    /// @param by what needs it
    /// @throws IllegalArgumentException if it is absent
    public double[] required(Column column, String by) {
        if (!has(column) && (column.perSequence(1) == 0 ? sequences.length : numSequences) > 0) {
            throw new IllegalArgumentException(by + " needs the column " + column.name().toLowerCase(Locale.ROOT)
                    + ", found " + columns.keySet().toString().toLowerCase(Locale.ROOT));
        }
        return get(column);
    }

    /// Log-probabilities at generation: those of the sampler, else the old ones; empty without either.
    public double[] atGeneration() {
        return get(has(Column.SAMPLER) ? Column.SAMPLER : Column.OLD);
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

    /// K, the number of scores of a sequence.
    public int numScores() {
        return numScores(numSequences, columns);
    }

    /// One of the K scores of each sequence.
    public double[] score(int k) {
        return IntStream.range(0, numSequences).mapToDouble(s -> get(Column.SCORES)[s * numScores() + k]).toArray();
    }

    /// The sum of the numbers of a sequence's scores times their weights, without NaN; NaN if all are.
    public double weighted(double... scores) {
        double[] weights = get(Column.SCORE_WEIGHTS);
        return IntStream.range(0, scores.length).filter(k -> !Double.isNaN(scores[k]))
                .mapToDouble(k -> weights.length == 0 ? scores[k] : scores[k] * weights[k])
                .reduce(Double::sum).orElse(Double.NaN);
    }

    /// The reward of each sequence: the sum of its rows' rewards, or of its scores by their weights without those that
    /// do not apply; NaN if it has scores of which none applies.
    public double[] outcomes() {
        double[] sums = sums(get(Column.REWARD));
        int count = numScores();
        for (int s = 0; s < numSequences && (count > 0 || !has(Column.REWARD)); s++) {
            double score = weighted(Arrays.copyOfRange(get(Column.SCORES), s * count, (s + 1) * count));
            sums[s] = has(Column.REWARD) && !Double.isNaN(score) ? sums[s] : score;
        }
        return sums;
    }

    /// The reward of each row; without that column the last row of a sequence has the sequence's, NaN counts as 0.
    public double[] rewards() {
        if (has(Column.REWARD)) {
            return get(Column.REWARD);
        }
        double[] outcomes = outcomes();
        double[] rewards = new double[sequences.length];
        for (int n = 0; n < rewards.length; n++) {
            rewards[n] = isLast(n) && !Double.isNaN(outcomes[sequences[n]]) ? outcomes[sequences[n]] : 0;
        }
        return rewards;
    }

    /// Whether a row has a policy loss, as far as its entropy decides.
    public boolean isKept(int row) {
        return !has(Column.HIGH_ENTROPY) || get(Column.HIGH_ENTROPY)[row] != 0;
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

    /// Whether a row is the last one of its sequence.
    public boolean isLast(int row) {
        return row + 1 == sequences.length || sequences[row + 1] != sequences[row];
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

    /// A number of each sequence for each of its rows.
    public double[] spread(double... ofSequences) {
        return Arrays.stream(sequences).mapToDouble(s -> ofSequences[s]).toArray();
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
