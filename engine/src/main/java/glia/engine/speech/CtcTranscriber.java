package glia.engine.speech;

import glia.engine.LanguageModel;
import glia.engine.speech.Transcript.Word;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.sound.SoundProcessor;
import glia.model.block.Input;
import glia.model.block.Pass;
import glia.model.spec.Embedding;
import glia.model.spec.Stage;
import glia.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/// Transcribes with an encoder that has logits of pieces of text for each frame: the most probable piece of each frame,
/// where repetitions count once and blanks not at all (https://www.cs.toronto.edu/~graves/icml_2006.pdf). A word begins
/// with the first frame of its first piece and ends after the last one of its last piece.
final class CtcTranscriber extends WindowTranscriber {
    /// A pause that ends a segment.
    private static final double PAUSE = 0.6;
    /// SentencePiece's mark before a word.
    private static final String WORD = "\u2581";

    private final Pieces pieces;
    private final boolean normalizes;
    /// Makes frames of samples, unless the model reads samples.
    private final Optional<SoundProcessor> processor;
    private final double frameSeconds;

    /// The pieces of the vocabulary.
    ///
    /// @param texts of each token; empty for those that are no text
    /// @param delimiter the piece between words; else `▁` begins one
    /// @param isLower whether the text is written in lower case
    record Pieces(List<String> texts, int blank, String delimiter, boolean isLower) {
        /// A word under way.
        private static final class Open {
            private final StringBuilder text = new StringBuilder();
            private int first;
            private int end;
            private double sum;
            private int count;
        }

        /// The words of rows of logits, with the numbers of frames as times.
        List<Word> words(Tensor logits) {
            List<Word> words = new ArrayList<>();
            Open open = new Open();
            int before = blank;
            for (int t = 0; t < logits.rows(); t++) {
                int best = best(logits, t);
                String piece = best == blank ? "" : texts.get(best);
                boolean isNew = best != before;
                if (piece.equals(delimiter) || isNew && piece.startsWith(WORD)) {
                    open = close(open, words);
                }
                if (!piece.isEmpty() && !piece.equals(delimiter)) {
                    open.first = open.count == 0 ? t : open.first;
                    open.text.append(isNew ? piece.replace(WORD, "") : "");
                    open.sum += probability(logits, t, best);
                    open.count++;
                    open.end = t + 1;
                }
                before = best;
            }
            close(open, words);
            return words;
        }

        private Open close(Open open, List<Word> words) {
            if (!open.text.isEmpty()) {
                String word = isLower ? open.text.toString().toLowerCase(Locale.ROOT) : open.text.toString();
                words.add(new Word(" " + word, open.first, open.end, open.sum / open.count));
            }
            return new Open();
        }

        private static int best(Tensor logits, int row) {
            long at = (long) row * logits.cols();
            int best = 0;
            for (int v = 1; v < logits.cols(); v++) {
                best = logits.get(at + v) > logits.get(at + best) ? v : best;
            }
            return best;
        }

        private static double probability(Tensor logits, int row, int token) {
            long at = (long) row * logits.cols();
            double sum = 0;
            for (int v = 0; v < logits.cols(); v++) {
                sum += Math.exp(logits.get(at + v) - logits.get(at + token));
            }
            return 1 / sum;
        }
    }

    /// @throws CheckpointException if files that the model needs are damaged
    CtcTranscriber(LanguageModel model, Embedding.Features features) throws CheckpointException {
        super(model, features);
        boolean readsSamples = features.size() == 1;
        Path file = Folders.ofModel(model.path()).resolve("tokenizer_config.json");
        Config words = Config.readIfPresent(file);
        int known = model.tokenizer().vocabSize();
        int blank = model.model().spec().embedding().padding().orElse(0);
        List<String> texts = IntStream.range(0, model.model().spec().vocabSize()).mapToObj(id -> id >= known
                || model.tokenizer().isSpecial(id) || model.tokenizer().piece(id).matches("<.+>") ? ""
                : model.tokenizer().piece(id)).toList();
        pieces = new Pieces(texts, blank, words.text("word_delimiter_token", readsSamples ? "|" : WORD),
                words.flag("do_lower_case", false));
        normalizes = config.flag("do_normalize", true);
        processor = readsSamples ? Optional.empty() : Optional.of(SoundProcessor.parakeet(settings(),
                model.engine().ops().kernels().workers()));
        int samples = readsSamples ? 1 : processor.get().hop();
        for (Stage stage : features.stages()) {
            samples *= stage.step();
        }
        frameSeconds = (double) samples / rate;
    }

    /// The settings of the processor, for frames of the width that the model reads.
    private Config settings() throws CheckpointException {
        int width = config.positive("feature_size", features.size());
        if (width != features.size()) {
            throw config.error("feature_size", "found " + width + ", expected " + features.size()
                    + ", which the model reads");
        }
        return config.with("feature_size", width);
    }

    @Override
    List<Part> window(float[] samples, Transcriber.Listener listener) throws CheckpointException {
        Tensor read;
        if (processor.isEmpty()) {
            read = signal(samples, normalizes);
        } else {
            SoundProcessor.Features made = processor.get().prepare(samples, samples.length);
            read = made.frames().rows(0, Math.max(features.fewest(), made.numValid()));
        }
        Input input = Input.of(features, read);
        List<Word> words = model.engine().read(new Pass().add(input, 0, input.ids().length, Pass.Outputs.ALL),
                pieces::words).stream().map(w -> w.with(w.start() * frameSeconds, w.end() * frameSeconds)).toList();
        List<Part> parts = new ArrayList<>();
        for (int from = 0, to; from < words.size(); from = to) {
            to = from + 1;
            while (to < words.size() && words.get(to).start() - words.get(to - 1).end() < PAUSE) {
                to++;
            }
            List<Word> own = words.subList(from, to);
            StringBuilder text = new StringBuilder();
            own.forEach(w -> text.append(w.text()));
            parts.add(new Part(text.toString(), own.getFirst().start(), own.getLast().end(), List.of(),
                    own.stream().mapToDouble(w -> Math.log(w.probability())).average().orElse(0), own));
        }
        return parts;
    }
}
