package glia.reason.preference.run;

import glia.reason.preference.CompletionLogProbs;
import glia.reason.preference.DpoLoss;
import glia.train.data.PreferenceData.Pair;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Micro-batches of pairs, with the log-probabilities of the reference model computed with each batch, or once before.
final class PairSource {
    private final List<Pair> pairs;
    private final ExampleOrder order;
    private final PairRule rule;
    private final Optional<Reference> reference;
    /// The log-probabilities of the chosen and the rejected completion of each pair, if computed before.
    private Optional<float[][]> computed = Optional.empty();

    /// @param reference for a rule that takes one
    PairSource(List<Pair> pairs, ExampleOrder order, PairRule rule, Optional<Reference> reference) {
        this.pairs = pairs;
        this.order = order;
        this.rule = rule;
        this.reference = reference;
    }

    /// Computes the log-probabilities of all pairs under the reference model, which is not needed any more.
    void compute() {
        float[][] all = new float[pairs.size()][2];
        for (int i = 0; i < order.count(); i++) {
            int[] numbers = order.ordered(i);
            float[] sums = live(batch(numbers));
            for (int k = 0; k < numbers.length; k++) {
                all[numbers[k]][0] = sums[k];
                all[numbers[k]][1] = sums[numbers.length + k];
            }
        }
        computed = Optional.of(all);
    }

    private float[] live(PairBatch batch) {
        DpoLoss loss = rule.referenced().orElseThrow();
        return reference.orElseThrow().of(batch.tokens(), p -> {
            CompletionLogProbs logProbs = batch.logProbs(p, false);
            return loss.sums(logProbs);
        });
    }

    private float[] stored(int[] numbers) {
        float[][] all = computed.orElseThrow();
        float[] sums = new float[2 * numbers.length];
        for (int k = 0; k < numbers.length; k++) {
            sums[k] = all[numbers[k]][0];
            sums[numbers.length + k] = all[numbers[k]][1];
        }
        return sums;
    }

    private PairBatch batch(int[] numbers) {
        List<Pair> chosen = IntStream.of(numbers).mapToObj(pairs::get).toList();
        return new PairBatch(chosen, rule, batch -> rule.referenced().isEmpty() ? new float[0]
                : computed.isPresent() ? stored(numbers) : live(batch));
    }

    /// Micro-batches of training.
    PreferenceBatch.Source training() {
        return index -> batch(order.training(index));
    }

    /// Micro-batches of all pairs in their order.
    PreferenceBatch.Source ordered() {
        return index -> batch(order.ordered(index));
    }
}
