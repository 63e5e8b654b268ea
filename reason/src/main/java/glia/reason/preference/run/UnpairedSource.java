package glia.reason.preference.run;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.reason.preference.CompletionLogProbs;
import glia.reason.preference.KtoLoss;
import glia.reason.preference.ReferenceLogProbs;
import glia.reason.preference.run.PreferenceObjective.PreferenceBatch;
import glia.reason.preference.run.PreferenceTask.Reference;
import glia.reason.preference.run.Split.ReferenceNumbers;
import glia.reason.preference.run.UnpairedTask.UnpairedRule;
import glia.tensor.autograd.Value;
import glia.train.data.MaskedTokens;
import glia.train.data.UnpairedData.Row;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Micro-batches of completions that are desirable or not.
final class UnpairedSource {
    private final List<Row> rows;
    private final boolean takesMismatched;
    private final UnpairedRule rule;
    private final Reference reference;
    private final float[] weights;
    private final int maxTokens;
    /// Log-probabilities of completions. Those of mismatched ones are computed with each micro-batch.
    final ReferenceNumbers sums = new ReferenceNumbers(this::live);

    /// @param weights by row
    /// @param maxTokens of a sequence
    UnpairedSource(List<Row> rows, boolean takesMismatched, UnpairedRule rule, Reference reference, float[] weights,
            int maxTokens) {
        this.rows = rows;
        this.takesMismatched = takesMismatched;
        this.rule = rule;
        this.reference = reference;
        this.weights = weights;
        this.maxTokens = maxTokens;
    }

    private float[] live(int... numbers) {
        return reference.of(packed(matched(numbers)), UnpairedSource::sums);
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
        sequences.forEach(s -> batch.add(s.input(), s.weights()));
        return batch;
    }

    /// The log-probabilities of completions, all of whose tokens are rows.
    private static Value sums(Predictions p) {
        float[] ones = new float[p.batch().numRows()];
        Arrays.fill(ones, 1);
        return CompletionLogProbs.of(p, ones, false).sums();
    }

    /// @param isTraining whether running means take the batch into account
    PreferenceBatch batch(int[] numbers, boolean isTraining) {
        return new PreferenceBatch(packed(matched(numbers)), numbers.length, policy -> {
            float[] weightOf = new float[numbers.length];
            boolean[] isDesirable = new boolean[numbers.length];
            for (int i = 0; i < numbers.length; i++) {
                weightOf[i] = weights[numbers[i]];
                isDesirable[i] = rows.get(numbers[i]).isDesirable();
            }
            UnpairedRule.Inputs inputs = new UnpairedRule.Inputs(sums.of(numbers), isDesirable, weightOf,
                    takesMismatched ? kl(policy, packed(mismatched(numbers))) : 0);
            return p -> rule.score(sums(p), inputs, isTraining);
        });
    }

    private double kl(TrainingPass policy, TokenBatch mismatched) {
        return mismatched.numRows() == 0 ? 0 : KtoLoss.kl(ReferenceLogProbs.of(policy, mismatched,
                UnpairedSource::sums), reference.of(mismatched, UnpairedSource::sums));
    }
}
