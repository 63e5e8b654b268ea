package glia.reason.preference.run;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.reason.preference.CompletionLogProbs;
import glia.reason.preference.KtoLoss;
import glia.reason.preference.ReferenceLogProbs;
import glia.reason.preference.Scored;
import glia.reason.preference.run.PreferenceTask.Reference;
import glia.reason.preference.run.UnpairedTask.UnpairedRule;
import glia.tensor.autograd.Value;
import glia.train.data.MaskedTokens;
import glia.train.data.UnpairedData.Row;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Micro-batches of completions that are desirable or not.
final class UnpairedSource {
    private final List<Row> rows;
    private final Split.ExampleOrder order;
    private final UnpairedRule rule;
    private final Reference reference;
    private final float[] weights;
    private final int maxTokens;
    /// The log-probabilities of completions under the reference model, if computed before.
    private Optional<float[]> computed = Optional.empty();

    /// @param weights by row
    /// @param maxTokens of a sequence
    UnpairedSource(List<Row> rows, Split.ExampleOrder order, UnpairedRule rule, Reference reference, float[] weights,
            int maxTokens) {
        this.rows = rows;
        this.order = order;
        this.rule = rule;
        this.reference = reference;
        this.weights = weights;
        this.maxTokens = maxTokens;
    }

    /// Computes the log-probabilities of all completions under the reference model, which is then needed for mismatched
    /// completions only.
    void compute() {
        float[] all = new float[rows.size()];
        for (int i = 0; i < order.count(); i++) {
            int[] numbers = order.ordered(i);
            float[] sums = reference.of(packed(matched(numbers)), UnpairedSource::sums);
            for (int k = 0; k < numbers.length; k++) {
                all[numbers[k]] = sums[k];
            }
        }
        computed = Optional.of(all);
    }

    private List<MaskedTokens> matched(int[] numbers) {
        return IntStream.of(numbers).mapToObj(i -> rows.get(i).answer()).toList();
    }

    /// Each prompt with the completion of the row before it.
    private List<MaskedTokens> mismatched(int[] numbers) {
        int n = numbers.length;
        return IntStream.range(0, n).mapToObj(i -> rows.get(numbers[i]).mismatched(rows.get(numbers[(i + n - 1) % n]),
                maxTokens)).toList();
    }

    private static TokenBatch packed(List<MaskedTokens> sequences) {
        TokenBatch batch = new TokenBatch();
        sequences.forEach(s -> batch.add(s.ids(), s.weights()));
        return batch;
    }

    /// The log-probabilities of completions, all of whose tokens are rows.
    private static Value sums(Predictions p) {
        float[] ones = new float[p.batch().numRows()];
        Arrays.fill(ones, 1);
        return CompletionLogProbs.of(p, ones, false).sums();
    }

    /// Micro-batches of training.
    PreferenceObjective.PreferenceBatch.Source training() {
        return index -> new Batch(order.training(index), true);
    }

    /// Micro-batches of all completions in their order.
    PreferenceObjective.PreferenceBatch.Source ordered() {
        return index -> new Batch(order.ordered(index), false);
    }

    private final class Batch implements PreferenceObjective.PreferenceBatch {
        private final int[] numbers;
        private final boolean isTraining;
        private final TokenBatch tokens;
        private Optional<UnpairedRule.Inputs> inputs = Optional.empty();

        Batch(int[] numbers, boolean isTraining) {
            this.numbers = numbers;
            this.isTraining = isTraining;
            tokens = packed(matched(numbers));
        }

        @Override
        public TokenBatch tokens() {
            return tokens;
        }

        @Override
        public double weight() {
            return numbers.length;
        }

        @Override
        public void prepare(TrainingPass policy) {
            int n = numbers.length;
            float[] sums = new float[n];
            float[] weightOf = new float[n];
            boolean[] isDesirable = new boolean[n];
            if (computed.isEmpty()) {
                sums = reference.of(tokens, UnpairedSource::sums);
            }
            for (int i = 0; i < n; i++) {
                sums[i] = computed.isPresent() ? computed.get()[numbers[i]] : sums[i];
                weightOf[i] = weights[numbers[i]];
                isDesirable[i] = rows.get(numbers[i]).isDesirable();
            }
            double kl = 0;
            if (rule.takesMismatched()) {
                TokenBatch mismatched = packed(mismatched(numbers));
                kl = mismatched.numRows() == 0 ? 0 : KtoLoss.kl(ReferenceLogProbs.of(policy, mismatched,
                        UnpairedSource::sums), reference.of(mismatched, UnpairedSource::sums));
            }
            inputs = Optional.of(new UnpairedRule.Inputs(sums, isDesirable, weightOf, kl));
        }

        @Override
        public Scored score(Predictions p) {
            return rule.score(sums(p), inputs.orElseThrow(), isTraining);
        }
    }
}
