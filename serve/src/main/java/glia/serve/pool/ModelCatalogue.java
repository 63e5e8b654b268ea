package glia.serve.pool;

import java.io.IOException;
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
}
