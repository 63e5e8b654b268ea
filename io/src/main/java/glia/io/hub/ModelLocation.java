package glia.io.hub;

import glia.io.DisplayText;
import java.nio.file.Path;

/// A model on the local disk, with its origin.
///
/// @param path a folder in the Hugging Face layout, a `.gguf` file (the first shard of a split one), or a
///     `.safetensors` file with its config beside it
/// @param origin where it was found or fetched from
/// @param explanation one sentence for the user; for a substitute, the reason and what to do
public record ModelLocation(Path path, Origin origin, String explanation) {
    /// Escapes control characters in the explanation.
    public ModelLocation {
        explanation = DisplayText.escape(explanation);
    }

    /// The origin of a model.
    public enum Origin {
        /// A file or folder that the user named.
        LOCAL,
        /// Extracted from a zip or wheel that the user named, now or earlier.
        ARCHIVE,
        /// Found in the hub's cache, without a request.
        HUB_CACHE,
        /// Downloaded from the hub just now, or found there to be up to date.
        HUB,
        /// Extracted from a Python package, now or earlier.
        PYTHON_PACKAGE,
        /// A small model that is shipped with Glia.
        BUNDLED
    }
}
