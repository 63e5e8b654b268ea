package glia.engine;

import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;

/// How a model is run. `LoadOptions.defaults()` suits most.
///
/// @param threads threads that compute; 0: one for each core
/// @param contextLength the most tokens a sequence may have; 0: what the model was made for
/// @param kernels the name of a kernel set, or `auto` for the best one that this machine can run
/// @param precision the arithmetic of products with quantized weights
/// @param keyValueType the numbers of the KV cache: smaller ones take less memory and make long contexts faster
/// @param drafts whether a layer of the model guesses tokens ahead, so that a pass may give two; the texts are the same
/// @param batchInvariant whether a token's logits have the same bits whatever else is in its pass, which costs speed
public record LoadOptions(int threads, int contextLength, String kernels, Precision precision,
        KeyValueType keyValueType, boolean drafts, boolean batchInvariant) {
    public LoadOptions {
        if (threads < 0 || threads > 1024) {
            throw new IllegalArgumentException("threads must be 1 to 1024, or 0 for one a core, not " + threads);
        }
        if (contextLength < 0) {
            throw new IllegalArgumentException("the context must hold at least 1 token, not " + contextLength);
        }
    }

    /// Options with a KV cache of F32 numbers and without batch invariance.
    public LoadOptions(int threads, int contextLength, String kernels, Precision precision, boolean drafts) {
        this(threads, contextLength, kernels, precision, KeyValueType.F32, drafts, false);
    }

    /// One thread a core, the model's own context, the best kernels, fast products, a KV cache in F32, no drafts, no
    /// batch invariance.
    public static LoadOptions defaults() {
        return new LoadOptions(0, 0, "auto", Precision.FAST, false);
    }

    public LoadOptions withPrecision(Precision other) {
        return new LoadOptions(threads, contextLength, kernels, other, keyValueType, drafts, batchInvariant);
    }

    public LoadOptions withKeyValueType(KeyValueType other) {
        return new LoadOptions(threads, contextLength, kernels, precision, other, drafts, batchInvariant);
    }

    public LoadOptions withKernels(String other) {
        return new LoadOptions(threads, contextLength, other, precision, keyValueType, drafts, batchInvariant);
    }

    public LoadOptions withDrafts() {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, true, batchInvariant);
    }

    /// A token's logits have the same bits alone, in a batch, and in a prompt of any chunks.
    public LoadOptions withBatchInvariance() {
        return new LoadOptions(threads, contextLength, kernels, precision, keyValueType, drafts, true);
    }

    /// The number of threads meant.
    public int numThreads() {
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }
}
