package glia.serve.pool;

import glia.engine.LanguageModel;
import java.io.IOException;
import java.util.List;

/// Where a model comes from: loads it as often as it is needed.
public interface ModelSource {
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
