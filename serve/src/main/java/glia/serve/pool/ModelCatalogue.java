package glia.serve.pool;

import glia.engine.LanguageModel;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Models that a pool may load beside those that were added to it.
public interface ModelCatalogue {
    /// No models.
    ModelCatalogue EMPTY = new ModelCatalogue() {
        @Override
        public Optional<ModelSource> find(String name) {
            return Optional.empty();
        }

        @Override
        public List<String> names() {
            return List.of();
        }
    };

    /// The model of a name from a request, which is never a path.
    ///
    /// @throws IOException if it cannot be looked up or fetched
    Optional<ModelSource> find(String name) throws IOException;

    /// The names of all models.
    ///
    /// @throws IOException if they cannot be looked up
    List<String> names() throws IOException;

    /// Where a model comes from: loads it as often as it is needed.
    interface ModelSource {
        /// The size of the weights in bytes, without loading them.
        ///
        /// @throws IOException if the files cannot be used; the message says why
        long weightBytes() throws IOException;

        /// Loads the model.
        ///
        /// @throws IOException if the files cannot be used; the message says why
        LanguageModel load() throws IOException;

        /// The names of the adapters that the model is loaded with, for `LanguageModel.withAdapter`.
        default List<String> adapters() {
            return List.of();
        }
    }

    /// A model that is loaded and serves requests.
    ///
    /// @param name its name in requests
    /// @param model weights, tokenizer and scheduler; with an adapter, a view of its base
    /// @param since when it was loaded
    record ServedModel(String name, LanguageModel model, Instant since) { }
}
