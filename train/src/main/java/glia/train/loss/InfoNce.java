package glia.train.loss;

import glia.engine.training.Predictions;
import glia.model.layout.Pooling;
import glia.tensor.autograd.Value;
import java.util.stream.IntStream;

/// Contrastive loss of embeddings with in-batch negatives (InfoNCE, https://arxiv.org/abs/1807.03748): with cosine
/// similarities s of query n and document m,
///
/// > mean_n(-ln(exp(s[n,n] / τ) / Σ_m exp(s[n,m] / τ)))
///
/// The documents of the other queries are negatives of a query, and so are all hard negatives.
///
/// @param temperature τ, usually 0.01 to 0.1
public record InfoNce(double temperature) {
    public InfoNce {
        if (!(temperature > 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException("a temperature of " + temperature + ", expected a number above 0");
        }
    }

    /// The loss of embeddings, which need not be normalized.
    ///
    /// @param queries `[N, D]`
    /// @param documents `[M, D]`, M ≥ N: the document of each query, then hard negatives
    /// @throws IllegalArgumentException if there are fewer documents than queries
    public Value of(Value queries, Value documents) {
        int count = queries.tensor().rows();
        if (count == 0 || documents.tensor().rows() < count) {
            throw new IllegalArgumentException(count + " queries and " + documents.tensor().rows()
                    + " documents, expected at least one query and a document for each");
        }
        Value similarities = queries.unitRows().dots(documents.unitRows()).times(1 / temperature);
        return similarities.logSoftmax().pick(IntStream.range(0, count).toArray()).mean().times(-1);
    }

    /// The loss of a batch of texts, made by `TokenBatch.addWhole`: N queries, their documents in the same order, then
    /// any number of hard negatives.
    ///
    /// @param numQueries N
    public Value of(Predictions predictions, Pooling pooling, int numQueries) {
        int count = predictions.batch().numSequences();
        if (numQueries < 1 || 2 * numQueries > count) {
            throw new IllegalArgumentException(numQueries + " queries in a batch of " + count
                    + " texts, expected at least one query and a document for each");
        }
        Value all = predictions.pooled(pooling);
        return of(all.rows(IntStream.range(0, numQueries).toArray()),
                all.rows(IntStream.range(numQueries, count).toArray()));
    }
}
