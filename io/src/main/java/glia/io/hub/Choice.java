package glia.io.hub;

import glia.io.DisplayText;
import java.nio.file.Path;

/// A model on this machine's disk, and how it came to be the one.
///
/// @param path a folder in the Hugging Face layout, a `.gguf` file (the first part of a split one), or a
///     `.safetensors` file with its config beside it
/// @param origin where it was found or came from
/// @param explanation one sentence for the user; where it is not what was asked for, it says why and what to do
public record Choice(Path path, Origin origin, String explanation) {
    /// Escapes control characters of the explanation.
    public Choice {
        explanation = DisplayText.escape(explanation);
    }

    /// Where a model came from.
    public enum Origin {
        /// A file or folder that the user named.
        LOCAL,
        /// Taken out of a zip or wheel that the user named (now, or on an earlier run).
        ARCHIVE,
        /// Found in the hub's cache, without asking the hub.
        HUB_CACHE,
        /// Pulled from the hub just now.
        HUB,
        /// Taken out of a Python package (now, or on an earlier run).
        PYTHON_PACKAGE,
        /// The small model that is shipped with Glia.
        EMBEDDED
    }
}
