package glia.model.layout;

import glia.tensor.autograd.Value;

/// Late interaction ([ColBERT](https://arxiv.org/abs/2004.12832)): texts have a vector of length 1 for each token, and
/// the score of a document for a query is `Σ_i max_j q_i · d_j` (MaxSim).
public final class TokenVectors {
    private TokenVectors() { }

    /// The scores of documents for one query, `[numDocuments, 1]`, with gradients.
    ///
    /// @param query `[T, D]`, its tokens
    /// @param documents `[N, D]`, the tokens of the documents
    /// @param numbers the document of each row of `documents`; negative for tokens that do not count
    public static Value scores(Value query, Value documents, int[] numbers, int numDocuments) {
        return documents.dots(query).groupMax(numbers, numDocuments).rowSums();
    }

    /// The score of a document for a query; 0 without tokens.
    public static double score(float[][] query, float[][] document) {
        double sum = 0;
        for (float[] q : query) {
            double best = document.length == 0 ? 0 : Double.NEGATIVE_INFINITY;
            for (float[] d : document) {
                double dot = 0;
                for (int i = 0; i < q.length; i++) {
                    dot += (double) q[i] * d[i];
                }
                best = Math.max(best, dot);
            }
            sum += best;
        }
        return sum;
    }
}
