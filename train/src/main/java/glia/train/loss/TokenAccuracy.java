package glia.train.loss;

import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.tensor.autograd.Value;
import java.util.BitSet;
import java.util.Map;

/// The cross-entropy of the targets, which counts besides how often the most probable token is the target: as a share
/// of all target tokens, and as a share of the sequences whose target tokens are all right. A sequence is judged with
/// its true tokens before each target, so an exact one is what greedy generation would give.
public final class TokenAccuracy implements Loss {
    private long tokens;
    private long rightTokens;
    private long answers;
    private long rightAnswers;

    /// Nothing is counted yet.
    public TokenAccuracy() { }

    /// Forgets what was counted.
    public void reset() {
        tokens = 0;
        rightTokens = 0;
        answers = 0;
        rightAnswers = 0;
    }

    @Override
    public Value of(Predictions p) {
        Predictions.Tokens predicted = p.tokens(1, false, 1);
        int[] targets = p.batch().targets();
        int[] sequences = p.batch().sequences();
        BitSet seen = new BitSet();
        BitSet wrong = new BitSet();
        for (int row = 0; row < targets.length; row++) {
            boolean isRight = predicted.top().id(row, 0) == targets[row];
            tokens++;
            rightTokens += isRight ? 1 : 0;
            seen.set(sequences[row]);
            wrong.set(sequences[row], wrong.get(sequences[row]) || !isRight);
        }
        answers += seen.cardinality();
        rightAnswers += seen.cardinality() - wrong.cardinality();
        return Loss.crossEntropy(p, predicted.logProbs());
    }

    /// The shares so far, `accuracy/tokens` and `accuracy/answers`; empty before the first batch.
    public Map<String, Double> figures() {
        return tokens == 0 ? Map.of() : Map.of("accuracy/tokens", (double) rightTokens / tokens,
                "accuracy/answers", (double) rightAnswers / answers);
    }
}
