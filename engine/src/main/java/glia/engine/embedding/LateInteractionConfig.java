package glia.engine.embedding;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.model.Model;
import glia.model.family.LateInteraction;
import java.nio.file.Path;

/// How a ColBERT model reads queries and documents: `artifact.metadata` in its folder, else ColBERT's defaults.
///
/// @param queryMarker the token after the first one of a query
/// @param documentMarker the same of a document
/// @param queryTokens the length of a query, which is filled with masks
/// @param documentTokens the most tokens of a document
/// @param skipsPunctuation whether punctuation of documents has no vectors
/// @param attendsToFill whether other tokens attend to the masks of a query
public record LateInteractionConfig(String queryMarker, String documentMarker, int queryTokens, int documentTokens,
        boolean skipsPunctuation, boolean attendsToFill) {
    /// The config of a model.
    ///
    /// @param path the model's folder or file
    /// @throws CheckpointException if the file cannot be read or has another form
    /// @throws IllegalArgumentException if the model makes no vectors of tokens
    public static LateInteractionConfig of(Path path, Model model) throws CheckpointException {
        if (!describes(model)) {
            throw new IllegalArgumentException("the model makes no vectors of tokens: its class in config.json is not "
                    + "HF_ColBERT");
        }
        Config config = LateInteraction.settings(Folders.ofModel(path));
        return new LateInteractionConfig(config.text("query_token_id", "[unused0]"),
                config.text("doc_token_id", "[unused1]"), config.positive("query_maxlen", 32),
                config.positive("doc_maxlen", 220), config.flag("mask_punctuation", true),
                config.flag("attend_to_mask_tokens", false));
    }

    /// Whether a model makes vectors of tokens.
    public static boolean describes(Model model) {
        return model.spec().head().vectorSize().isPresent() && !PictureEmbedder.describes(model);
    }
}
