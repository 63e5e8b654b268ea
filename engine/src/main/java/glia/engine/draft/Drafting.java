package glia.engine.draft;

import java.nio.file.Path;
import java.util.Optional;

/// How draft tokens for speculative decoding are made ([Leviathan et al.](https://arxiv.org/abs/2211.17192)). The text
/// is the same with every choice.
///
/// @param ngrams prompt lookup: tokens that followed the last tokens earlier in the text
/// @param mtp whether the model's multi-token-prediction layer (MTP) drafts
/// @param model a smaller model with the same vocabulary, which drafts greedily
/// @param fixed number of tokens to draft in every pass; 0: as many as are measured to be faster
public record Drafting(boolean ngrams, Layer mtp, Optional<Path> model, int fixed) {
    /// Whether the MTP layer drafts.
    public enum Layer { NEVER, IF_PRESENT, REQUIRED }

    /// @throws IllegalArgumentException if an MTP layer and a model are to draft, or `fixed` is out of range
    public Drafting {
        if (model.isPresent() && mtp != Layer.NEVER) {
            throw new IllegalArgumentException("drafts come from a multi-token-prediction layer or from a draft model, "
                    + "not from both");
        }
        if (fixed < 0 || fixed > DraftTokens.MOST) {
            throw new IllegalArgumentException("found " + fixed + " draft tokens a pass, expected 0 to "
                    + DraftTokens.MOST);
        }
    }

    /// No speculative decoding.
    public static Drafting none() {
        return new Drafting(false, Layer.NEVER, Optional.empty(), 0);
    }

    /// Prompt lookup, and the MTP layer of models that have one.
    public static Drafting auto() {
        return new Drafting(true, Layer.IF_PRESENT, Optional.empty(), 0);
    }

    /// Prompt lookup alone.
    public static Drafting ofNgrams() {
        return new Drafting(true, Layer.NEVER, Optional.empty(), 0);
    }

    /// The MTP layer alone, which the model must have.
    public static Drafting ofMtp() {
        return new Drafting(false, Layer.REQUIRED, Optional.empty(), 0);
    }

    /// Prompt lookup, and a draft model where it finds nothing.
    ///
    /// @param model a GGUF file or a folder in the Hugging Face layout
    public static Drafting ofModel(Path model) {
        return new Drafting(true, Layer.NEVER, Optional.of(model), 0);
    }

    /// The same with this number of draft tokens in every pass, whatever it costs.
    public Drafting withFixed(int count) {
        return new Drafting(ngrams, mtp, model, count);
    }

    /// The same without the MTP layer.
    public Drafting withoutLayer() {
        return new Drafting(ngrams, Layer.NEVER, model, fixed);
    }

    /// Whether tokens may be drafted at all.
    public boolean isOn() {
        return ngrams || mtp != Layer.NEVER || model.isPresent();
    }
}
