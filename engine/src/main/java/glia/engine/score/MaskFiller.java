package glia.engine.score;

import glia.engine.LanguageModel;
import glia.engine.pass.Engine;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.tensor.Tensor;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/// Predicts the masked tokens of a text with a masked language model ([BERT](https://arxiv.org/abs/1810.04805)).
public final class MaskFiller {
    /// A predicted token.
    public record Guess(int token, String text, double probability) { }

    private static final String CONTINUATION = "##";

    private final LanguageModel model;
    private final int mask;

    /// @throws IllegalArgumentException if the model is no masked language model
    public MaskFiller(LanguageModel model) {
        this.model = model;
        if (!model.model().spec().looksAhead()) {
            throw new IllegalArgumentException("the model is no masked language model: "
                    + (model.model().spec().encoder().isPresent() ? "it is an encoder-decoder, see glia run"
                    : "it is a decoder; use an encoder such as BERT or ModernBERT"));
        }
        if (!model.model().spec().head().predictsTokens()) {
            throw new IllegalArgumentException("the model has no language-model head: it only embeds texts");
        }
        mask = model.tokenizer().mask().orElseThrow(() ->
                new IllegalArgumentException("the tokenizer has no mask; looked for " + Tokenizer.MASKS));
    }

    /// The text of the mask token.
    public String mask() {
        return model.tokenizer().piece(mask);
    }

    /// The most probable tokens for each mask of a text, best first. No other control token in the text is recognized.
    ///
    /// @throws IllegalArgumentException if the text has no mask or is longer than the context
    public List<List<Guess>> fill(String text, int count) {
        TextBuilder marked = new TextBuilder();
        int at = 0;
        for (int next = text.indexOf(mask()); next >= 0; next = text.indexOf(mask(), at)) {
            marked.append(text.substring(at, next)).append(TrustedText.of(mask()));
            at = next + mask().length();
        }
        int[] ids = model.tokenizer().encode(marked.append(text.substring(at)).whole(), true);
        if (ids.length > model.contextLength()) {
            throw new IllegalArgumentException("the text has " + ids.length + " tokens; the model reads at most "
                    + model.contextLength());
        }
        List<List<Guess>> all = new ArrayList<>();
        Engine engine = model.engine();
        Pass pass = new Pass().add(ids, 0, ids.length, 0, Outputs.ALL);
        model.scheduler().inTurn("", () -> engine.read(pass, logits -> {
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] == mask) {
                    all.add(best(logits, i, count));
                }
            }
            return null;
        }));
        if (all.isEmpty()) {
            throw new IllegalArgumentException("the text has no " + mask()
                    + ": write it where a word is masked");
        }
        return all;
    }

    private List<Guess> best(Tensor logits, int row, int count) {
        double logSumExp = model.engine().ops().kernels().logSumExp(logits, row);
        PriorityQueue<Guess> best = new PriorityQueue<>(Comparator.comparingDouble(Guess::probability));
        int size = Math.min(logits.cols(), model.tokenizer().vocabSize());
        for (int id = 0; id < size; id++) {
            double probability = Math.exp(logits.get((long) row * logits.cols() + id) - logSumExp);
            if (best.size() < count || probability > best.peek().probability()) {
                best.add(new Guess(id, text(id), probability));
                if (best.size() > count) {
                    best.remove();
                }
            }
        }
        List<Guess> sorted = new ArrayList<>(best);
        sorted.sort(Comparator.comparingDouble(Guess::probability).reversed());
        return sorted;
    }

    /// A token's text; a WordPiece token that continues a word keeps its `##`.
    private String text(int id) {
        String piece = model.tokenizer().piece(id);
        return piece.startsWith(CONTINUATION) && piece.length() > CONTINUATION.length() ? piece
                : model.tokenizer().decode(new int[] {id}, false).strip();
    }
}
