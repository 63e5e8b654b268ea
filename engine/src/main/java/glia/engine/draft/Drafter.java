package glia.engine.draft;

import java.nio.file.Path;

/// What computes draft tokens, besides prompt lookup.
public sealed interface Drafter {
    /// The model's multi-token-prediction layer (MTP).
    ///
    /// @param isRequired whether a model without one is an error; otherwise it drafts by prompt lookup alone
    record MtpLayer(boolean isRequired) implements Drafter { }

    /// A smaller model with the same vocabulary, which drafts greedily.
    ///
    /// @param path a GGUF file or a folder in the Hugging Face layout
    record SmallerModel(Path path) implements Drafter { }

    /// Early exit: the model's own first layers, with its final norm and head, draft greedily. They use the same
    /// weights and the same KV cache. Models that were trained for it gain
    /// ([LayerSkip](https://arxiv.org/abs/2404.16710)).
    ///
    /// @param count the number of layers, fewer than the model has
    record FirstLayers(int count) implements Drafter {
        /// @throws IllegalArgumentException if the number is not positive
        public FirstLayers {
            if (count < 1) {
                throw new IllegalArgumentException("early exit after " + count + " layers; expected 1 or more");
            }
        }
    }
}
