package glia.reason.preference.run;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.reason.preference.CompletionLogProbs;
import glia.reason.preference.Scored;
import glia.train.data.MaskedTokens;
import glia.train.data.PreferenceData.Pair;
import java.util.List;
import java.util.stream.Stream;

/// Pairs: N chosen and then N rejected sequences.
final class PairBatch implements PreferenceBatch {
    private final List<Pair> pairs;
    private final PairRule rule;
    private final ReferenceSums sums;
    private final TokenBatch tokens = new TokenBatch();
    private final float[] completion;
    private float[] reference = new float[0];

    /// Gives log-probabilities of a batch under the reference model.
    @FunctionalInterface
    interface ReferenceSums {
        float[] of(PairBatch batch);
    }

    PairBatch(List<Pair> pairs, PairRule rule, ReferenceSums sums) {
        this.pairs = pairs;
        this.rule = rule;
        this.sums = sums;
        List<MaskedTokens> sequences = Stream.concat(pairs.stream().map(Pair::chosen),
                pairs.stream().map(Pair::rejected)).toList();
        for (int i = 0; i < sequences.size(); i++) {
            if (rule.trainsPrompts() && i < pairs.size()) {
                tokens.add(sequences.get(i).ids());
            } else {
                tokens.add(sequences.get(i).ids(), sequences.get(i).weights());
            }
        }
        completion = new float[tokens.numRows()];
        int row = 0;
        for (int i = 0; i < sequences.size(); i++) {
            float[] weights = sequences.get(i).weights();
            boolean areAllRows = rule.trainsPrompts() && i < pairs.size();
            for (int t = 1; t < weights.length; t++) {
                if (areAllRows || weights[t] != 0) {
                    completion[row++] = weights[t];
                }
            }
        }
    }

    @Override
    public TokenBatch tokens() {
        return tokens;
    }

    @Override
    public double weight() {
        return pairs.size();
    }

    @Override
    public void prepare(TrainingPass policy) {
        reference = sums.of(this);
    }

    /// The log-probabilities of tokens.
    CompletionLogProbs logProbs(Predictions p, boolean wantsSquares) {
        return CompletionLogProbs.of(p, completion, wantsSquares);
    }

    @Override
    public Scored score(Predictions p) {
        return rule.score(logProbs(p, rule.needsSquares()), reference);
    }
}
