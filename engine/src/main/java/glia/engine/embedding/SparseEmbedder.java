package glia.engine.embedding;

import glia.engine.LanguageModel;
import glia.engine.pass.Engine;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.layout.SparsePooling;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Sparse text embeddings of a masked language model: a weight for each word of the vocabulary that the text is about
/// ([SPLADE](https://arxiv.org/abs/2109.10086)). For any threads.
public final class SparseEmbedder {
    /// Tokens whose logits are computed at a time: enough to reuse each weight, few enough for the memory of logits.
    private static final int ROWS = 64;

    private final LanguageModel model;
    private final SparsePooling pooling;
    private final Embedder texts;

    /// A word of the vocabulary and its weight, above 0.
    public record TokenWeight(int token, float weight) { }

    /// @throws IllegalArgumentException if the model is no masked language model
    public SparseEmbedder(LanguageModel model, SparsePooling pooling, EmbeddingConfig config) {
        if (!model.model().spec().looksAhead() || !model.model().spec().head().predictsTokens()) {
            throw new IllegalArgumentException("sparse embeddings need a masked language model such as SPLADE's; "
                    + "the model is " + (model.model().spec().looksAhead() ? "an encoder without its head"
                    : "no encoder"));
        }
        this.model = model;
        this.pooling = pooling;
        this.texts = new Embedder(model, config);
    }

    /// Tokenizes a text, as [Embedder] does.
    public Embedder.Input encode(String text) {
        return texts.encode(text);
    }

    /// The most tokens of a text, special tokens included.
    public int maxTokens() {
        return texts.maxTokens();
    }

    /// The weights of texts, in their order, by token id.
    ///
    /// @param key whose texts they are: callers take turns by key
    /// @param goesOn called between passes: false ends the work
    /// @return null for texts that were not computed
    /// @throws IllegalArgumentException if a text has no tokens, or more than the context holds
    public List<List<TokenWeight>> embed(List<Embedder.Input> inputs, String key, BooleanSupplier goesOn) {
        List<List<TokenWeight>> all = new ArrayList<>();
        for (Embedder.Input input : inputs) {
            int length = input.ids().length;
            if (length == 0 || length > model.contextLength()) {
                throw new IllegalArgumentException("text " + all.size() + " has " + length
                        + " tokens; the model reads 1 to " + model.contextLength());
            }
            all.add(goesOn.getAsBoolean() ? model.scheduler().inTurn(key, () -> embed(input.ids())) : null);
        }
        return all;
    }

    private List<TokenWeight> embed(int[] ids) {
        Pass pass = new Pass().add(ids, 0, ids.length, 0, Outputs.ALL);
        return model.engine().hidden(pass, hidden -> weights(hidden, pass));
    }

    private List<TokenWeight> weights(Tensor hidden, Pass pass) {
        Engine engine = model.engine();
        float[] weights = new float[model.model().spec().vocabSize()];
        for (int from = 0; from < hidden.rows(); from += ROWS) {
            int to = Math.min(hidden.rows(), from + ROWS);
            int mark = engine.ops().mark();
            Tensor logits = engine.decoder().logits(engine.ops(), hidden.rows(from, to), pass, States.NONE);
            for (int row = 0; row < to - from; row++) {
                long at = (long) row * weights.length;
                for (int i = 0; i < weights.length; i++) {
                    weights[i] = pooling.joined(weights[i], pooling.weight(logits.get(at + i)));
                }
            }
            engine.ops().release(mark);
        }
        List<TokenWeight> found = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] > 0) {
                found.add(new TokenWeight(i, weights[i]));
            }
        }
        return found;
    }

    /// The dot product of two vectors.
    public static double score(List<TokenWeight> a, List<TokenWeight> b) {
        double sum = 0;
        int j = 0;
        for (TokenWeight one : a) {
            while (j < b.size() && b.get(j).token < one.token) {
                j++;
            }
            if (j < b.size() && b.get(j).token == one.token) {
                sum += (double) one.weight * b.get(j).weight;
            }
        }
        return sum;
    }
}
