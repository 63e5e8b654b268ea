package glia.engine.speech;

import glia.engine.LanguageModel;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.spec.Embedding;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Transcribes with Moonshine (https://arxiv.org/abs/2410.15608): the greedy text of each window, without times of its
/// own. Nobody speaks more than 6.5 tokens a second, so a text that is longer repeats itself and is cut.
final class MoonshineTranscriber extends WindowTranscriber {
    private static final double TOKENS_PER_SECOND = 6.5;

    private final boolean normalizes;
    private final Set<Integer> ends;

    MoonshineTranscriber(LanguageModel model, Embedding.Features features) throws CheckpointException {
        super(model, features);
        normalizes = config.flag("do_normalize", false);
        ends = model.tokenizer().endOfGeneration();
    }

    @Override
    List<Part> window(float[] samples, Transcriber.Listener listener) {
        double seconds = (double) samples.length / rate;
        int most = Math.min((int) Math.ceil(seconds * TOKENS_PER_SECOND), model.contextLength() - 1);
        List<Integer> tokens = new ArrayList<>();
        double sum = 0;
        Input sound = Input.of(features, signal(samples, normalizes));
        try (Sequence sequence = model.engine().open()) {
            int last = model.model().spec().encoder().orElseThrow().startToken();
            boolean isEnded = false;
            for (int i = 0; i < most && !isEnded; i++) {
                int[] ids = {last};
                float[] logits = WindowDecoder.pass(model.engine(), null, listener::isCancelled, i == 0
                        ? () -> model.engine().add(sequence, sound, ids, 0, 1, Outputs.LAST)
                        : () -> model.engine().add(sequence, ids, 0, 1, Outputs.LAST));
                last = WindowDecoder.largest(logits);
                sum += logits[last] - SpeechRules.logSum(logits, 0, logits.length);
                isEnded = ends.contains(last);
                if (!isEnded) {
                    tokens.add(last);
                }
            }
        }
        String text = model.tokenizer().decode(tokens.stream().mapToInt(Integer::intValue).toArray(), true).strip();
        return text.isEmpty() ? List.of() : List.of(new Part(" " + text, 0, seconds, List.copyOf(tokens),
                sum / (tokens.size() + 1), List.of()));
    }
}
