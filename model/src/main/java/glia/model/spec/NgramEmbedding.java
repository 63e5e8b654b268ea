package glia.model.spec;

import glia.tensor.ops.scan.CausalConvolution;
import java.util.List;

/// Embeddings of the last tokens for m residual streams (https://arxiv.org/abs/2601.07372 has the idea). Each head
/// hashes the last 2, 3 … n tokens to a row of its part of a table, `(⊕_j token_{t-j} · multiplier_j) mod size`, where
/// tokens before the last end token count as that. Of the rows e side by side, with norms stream by stream, the streams
/// x get
///
/// > v_j = σ(root(norm(K e)_j · norm(x)_j / √D)) · V e, and v + silu(convolution(norm(v)))
///
/// with `root(s) = sign(s) · √max(|s|, 1e-6)` and a causal convolution of dilation n. Norm weights are stored minus 1.
///
/// @param hidden D
/// @param size the width of e
/// @param multipliers n odd numbers
/// @param vocabularies the sizes of the heads' parts of the table, those of the shorter hashes first
/// @param rows of the table, with unused ones at its end
/// @param numParts the tensors that hold the table
/// @param kernel the tokens of the convolution
public record NgramEmbedding(int numStreams, int hidden, int size, List<Long> multipliers, List<Integer> vocabularies,
        int rows, int numParts, int kernel, int endToken, float eps) implements Mixer {
    public NgramEmbedding {
        multipliers = List.copyOf(multipliers);
        vocabularies = List.copyOf(vocabularies);
        NumberRange.SIZE.require("residual streams", numStreams);
        NumberRange.SIZE.require("parts of the table of n-grams", numParts);
        NumberRange.SIZE.require("tokens of the convolution", kernel);
        NumberRange.EPSILON.require("epsilon of the norm of streams", eps);
        int orders = multipliers.size() - 1;
        if (orders < 1 || vocabularies.isEmpty() || vocabularies.size() % orders != 0 || size < 1
                || size % vocabularies.size() != 0) {
            throw new IllegalArgumentException("n-grams of " + multipliers.size() + " tokens with "
                    + vocabularies.size() + " heads of " + size + " numbers together");
        }
        if (vocabularies.stream().mapToLong(v -> v).sum() > rows || numParts > rows) {
            throw new IllegalArgumentException("a table of " + rows + " rows in " + numParts + " parts for n-grams of "
                    + vocabularies);
        }
        CausalConvolution.stateSize(Math.multiplyExact(numStreams, hidden), kernel, multipliers.size());
    }

    /// The heads that hash as many tokens.
    public int headsPerOrder() {
        return vocabularies.size() / (multipliers.size() - 1);
    }

    /// The rows of each part but the last.
    private int partSize() {
        return Math.ceilDiv(rows, numParts);
    }

    /// The number of parts that have rows.
    public int numFilled() {
        return Math.ceilDiv(rows, partSize());
    }

    @Override
    public void parameters(Shapes shapes, int hiddenSize) {
        long all = (long) numStreams * hidden;
        for (int part = 0; part < numFilled(); part++) {
            shapes.addExpert(part, Role.NGRAM_TABLE, Math.min(partSize(), rows - part * partSize()),
                    size / vocabularies.size());
        }
        shapes.add(Role.KEY, all, size);
        shapes.add(Role.VALUE, hidden, size);
        shapes.add(Role.NGRAM_KEY_NORM, all);
        shapes.add(Role.NGRAM_QUERY_NORM, all);
        shapes.add(Role.NGRAM_NORM, all);
        shapes.add(Role.CONVOLUTION, all, 1, kernel);
    }

    /// The last tokens, then the last inputs of the convolution.
    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(multipliers.size() - 1), new CacheKind.Recurrence(
                CausalConvolution.stateSize(numStreams * hidden, kernel, multipliers.size())));
    }

    @Override
    public String describe() {
        return "embeddings of the last 2 to " + multipliers.size() + " tokens, " + vocabularies.size() + " heads of "
                + size / vocabularies.size() + ", a table of " + rows + " rows, convolution of " + kernel;
    }
}
