package glia.reason.run;

import glia.reason.rollout.Rollout;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import glia.train.run.ScoredText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Rollouts as texts with the advantage of each token, for reports.
final class RolloutTexts {
    private RolloutTexts() { }

    /// @param advantages of the sampled tokens
    static ScoredText of(ScoredRollout scored, double[] advantages, Tokenizer tokenizer) {
        Rollout rollout = scored.rollout();
        List<String> pieces = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        StreamingDecoder decoder = tokenizer.streamingDecoder(false);
        int sampled = 0;
        for (int i = 0; i < rollout.tokens().length; i++) {
            pieces.add(decoder.accept(rollout.tokens()[i]));
            values.add(rollout.isSampled()[i] && sampled < advantages.length ? advantages[sampled] : Double.NaN);
            sampled += rollout.isSampled()[i] ? 1 : 0;
        }
        String rest = decoder.finish();
        if (!rest.isEmpty() && !pieces.isEmpty()) {
            pieces.set(pieces.size() - 1, pieces.getLast() + rest);
        }
        String title = String.format(Locale.ROOT, "prompt %d, reward %s%s", scored.group() + 1,
                Double.isNaN(scored.reward()) ? "none" : Double.toString(Math.round(scored.reward() * 1e4) / 1e4),
                rollout.isFinished() ? "" : ", cut at " + rollout.numSampled() + " tokens");
        return new ScoredText(title, scored.problem().text(), pieces, values);
    }
}
