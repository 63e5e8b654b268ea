package glia.engine.reading;

import glia.engine.Engine;
import glia.engine.LanguageModel;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// Turns texts into vectors whose directions are close where meanings are: pooled last hidden states
/// (https://arxiv.org/abs/1908.10084). Texts of any lengths go through the model together, end to end, so nothing is
/// computed for padding. For one thread.
public final class Embedder {
    /// Tokens of one pass: enough to reuse each weight.
    private static final int PASS_TOKENS = 2048;

    private final Engine engine;
    private final int contextLength;
    private final Pooling pooling;
    private final boolean normalized;

    /// @param normalized whether vectors are scaled to length 1, so that their dot product is the cosine
    public Embedder(LanguageModel model, Pooling pooling, boolean normalized) {
        this(model.engine(), model.contextLength(), pooling, normalized);
    }

    /// @param contextLength texts with more tokens are cut
    public Embedder(Engine engine, int contextLength, Pooling pooling, boolean normalized) {
        if (engine.model().spec().encoder().isPresent()) {
            throw new IllegalArgumentException("an encoder-decoder has no hidden states of a text alone; "
                    + "embed with an encoder or a decoder");
        }
        this.engine = engine;
        this.contextLength = contextLength;
        this.pooling = pooling;
        this.normalized = normalized;
    }

    /// The tokens of a text that count: all of them, or as many as the model was made for, of which the last stays the
    /// one that ends every text.
    public int[] cut(int[] ids) {
        if (ids.length <= contextLength) {
            return ids;
        }
        int[] kept = Arrays.copyOf(ids, contextLength);
        kept[contextLength - 1] = ids[ids.length - 1];
        return kept;
    }

    /// The vectors `[D]` of texts, in their order.
    ///
    /// @param texts the ids of each, special tokens included, at least one
    public float[][] embed(List<int[]> texts) {
        float[][] vectors = new float[texts.size()][];
        List<Integer> order = IntStream.range(0, texts.size()).boxed()
                .sorted(Comparator.comparingInt(i -> texts.get(i).length)).toList();
        List<Integer> batch = new ArrayList<>();
        int tokens = 0;
        for (int i : order) {
            int length = Math.min(contextLength, texts.get(i).length);
            if (length == 0) {
                throw new IllegalArgumentException("text " + i + " has no tokens: there is nothing to embed");
            }
            if (tokens + length > PASS_TOKENS && tokens > 0) {
                run(batch, texts, vectors);
                batch.clear();
                tokens = 0;
            }
            batch.add(i);
            tokens += length;
        }
        if (tokens > 0) {
            run(batch, texts, vectors);
        }
        return vectors;
    }

    private void run(List<Integer> batch, List<int[]> texts, float[][] vectors) {
        Pass pass = new Pass();
        for (int i : batch) {
            int[] ids = cut(texts.get(i));
            pass.add(ids, 0, ids.length, 0, pooling == Pooling.LAST ? Outputs.LAST : Outputs.ALL);
        }
        Tensor hidden = engine.hidden(pass);
        for (int run = 0; run < batch.size(); run++) {
            vectors[batch.get(run)] = pooled(hidden, run, pass.runs().start(run), pass.runs().end(run));
        }
    }

    private float[] pooled(Tensor hidden, int run, int start, int end) {
        int size = hidden.cols();
        float[] vector = new float[size];
        switch (pooling) {
            case CLS -> add(vector, hidden, start);
            case LAST -> add(vector, hidden, run);
            case MEAN -> {
                for (int n = start; n < end; n++) {
                    add(vector, hidden, n);
                }
                scale(vector, 1f / (end - start));
            }
        }
        if (normalized) {
            double square = 0;
            for (float x : vector) {
                square += (double) x * x;
            }
            scale(vector, square == 0 ? 0 : (float) (1 / Math.sqrt(square)));
        }
        return vector;
    }

    private static void add(float[] vector, Tensor hidden, int row) {
        for (int i = 0; i < vector.length; i++) {
            vector[i] += hidden.get((long) row * vector.length + i);
        }
    }

    private static void scale(float[] vector, float factor) {
        for (int i = 0; i < vector.length; i++) {
            vector[i] *= factor;
        }
    }
}
