package glia.engine.embedding;

import glia.engine.LanguageModel;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.tensor.Tensor;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BooleanSupplier;

/// Token embeddings for late interaction ([ColBERT](https://arxiv.org/abs/2004.12832)): a vector of length 1 for each
/// token of a text. A query is `[CLS] marker text [SEP]`, filled with masks; a document has another marker and no
/// masks, and its punctuation has no vectors. `TokenVectors.score` compares them. For any threads.
public final class TokenEmbedder {
    private static final String PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    private final LanguageModel model;
    private final LateInteractionConfig config;
    private final Set<Integer> skipped = new HashSet<>();

    /// A tokenized text.
    ///
    /// @param ids its tokens
    /// @param numFill how many masks fill it, at its end
    /// @param kept the tokens that have vectors
    public record Input(int[] ids, int numFill, int[] kept) { }

    /// @throws IllegalArgumentException if the model makes no vectors of tokens
    public TokenEmbedder(LanguageModel model, LateInteractionConfig config) {
        if (!LateInteractionConfig.describes(model.model())) {
            throw new IllegalArgumentException("the model makes no vectors of tokens");
        }
        if (model.adapter() > 0) {
            throw new IllegalArgumentException("token vectors with an adapter of requests are not supported; serve the "
                    + "merged model (`glia merge`)");
        }
        this.model = model;
        this.config = config;
        if (config.skipsPunctuation()) {
            PUNCTUATION.chars().forEach(c -> {
                int[] ids = model.tokenizer().encodePlain(Character.toString(c), false);
                if (ids.length > 0) {
                    skipped.add(ids[0]);
                }
            });
        }
    }

    /// Tokenizes a query. No control token in the text is recognized. A text that is too long loses its last tokens.
    ///
    /// @throws IllegalArgumentException if the tokenizer lacks the marker or a mask
    public Input query(String text) {
        int length = Math.min(config.queryTokens(), model.contextLength());
        int[] ids = marked(text, config.queryMarker(), length);
        int mask = model.tokenizer().mask().orElseThrow(() -> new IllegalArgumentException(
                "the tokenizer has no mask to fill queries with; looked for " + Tokenizer.MASKS));
        int[] filled = Arrays.copyOf(ids, length);
        Arrays.fill(filled, ids.length, length, mask);
        return new Input(filled, length - ids.length, all(length));
    }

    /// Tokenizes a document.
    ///
    /// @throws IllegalArgumentException if the tokenizer lacks the marker
    public Input document(String text) {
        int[] ids = marked(text, config.documentMarker(), Math.min(config.documentTokens(), model.contextLength()));
        return new Input(ids, 0, Arrays.stream(all(ids.length)).filter(n -> !skipped.contains(ids[n])).toArray());
    }

    private static int[] all(int count) {
        int[] all = new int[count];
        Arrays.setAll(all, n -> n);
        return all;
    }

    private int[] marked(String text, String marker, int most) {
        Tokenizer tokenizer = model.tokenizer();
        OptionalInt id = tokenizer.id(marker);
        if (id.isEmpty()) {
            throw new IllegalArgumentException("the tokenizer has no token '" + marker + "', which marks queries or "
                    + "documents; name another in artifact.metadata (query_token_id, doc_token_id)");
        }
        int[] ids = tokenizer.encodePlain(tokenizer.beginning(text, most), true);
        int[] marked = new int[Math.min(most, ids.length + 1)];
        if (ids.length < 2 || marked.length < 3) {
            throw new IllegalArgumentException("a text of " + ids.length + " tokens, expected at least the special "
                    + "tokens around it and room for the marker");
        }
        marked[0] = ids[0];
        marked[1] = id.getAsInt();
        System.arraycopy(ids, 1, marked, 2, marked.length - 2);
        marked[marked.length - 1] = ids[ids.length - 1];
        return marked;
    }

    /// The vectors `[kept tokens][D]` of texts, in their order.
    ///
    /// @param key whose texts they are: callers take turns by key
    /// @param goesOn called between passes: false ends the work
    /// @return null for texts that were not computed
    public List<float[][]> embed(List<Input> texts, String key, BooleanSupplier goesOn) {
        List<float[][]> all = new ArrayList<>();
        for (Input text : texts) {
            all.add(goesOn.getAsBoolean() ? model.scheduler().inTurn(key, () -> embed(text)) : null);
        }
        return all;
    }

    private float[][] embed(Input text) {
        Pass pass = new Pass().add(text.ids, 0, text.ids.length, 0, Outputs.ALL);
        if (text.numFill > 0 && !config.attendsToFill()) {
            pass.hide(text.numFill);
        }
        return model.engine().read(pass, rows -> vectors(rows, text));
    }

    private static float[][] vectors(Tensor rows, Input text) {
        float[][] vectors = new float[text.kept.length][];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = Embedder.shortened(rows.rows(text.kept[i], text.kept[i] + 1).toArray(), rows.cols());
        }
        return vectors;
    }
}
