package glia.engine.draft;

import java.nio.file.Path;
import java.util.Optional;

/// How draft tokens for speculative decoding are made ([Leviathan et al.](https://arxiv.org/abs/2211.17192)). The text
/// is the same with every choice.
///
/// @param ngrams prompt lookup: tokens that followed the last tokens earlier in the text
/// @param drafter what drafts where prompt lookup finds nothing
/// @param fixed number of tokens to draft in every pass; 0: as many as are measured to be faster
public record Drafting(boolean ngrams, Optional<Drafter> drafter, int fixed) {
    /// @throws IllegalArgumentException if `fixed` is out of range
    public Drafting {
        if (fixed < 0 || fixed > DraftTokens.MOST) {
            throw new IllegalArgumentException("found " + fixed + " draft tokens a pass, expected 0 to "
                    + DraftTokens.MOST);
        }
    }

    /// No speculative decoding.
    public static Drafting none() {
        return new Drafting(false, Optional.empty(), 0);
    }

    /// Prompt lookup, and the MTP layer of models that have one.
    public static Drafting auto() {
        return new Drafting(true, Optional.of(new Drafter.MtpLayer(false)), 0);
    }

    /// Prompt lookup alone.
    public static Drafting ofNgrams() {
        return new Drafting(true, Optional.empty(), 0);
    }

    /// The MTP layer alone, which the model must have.
    public static Drafting ofMtp() {
        return new Drafting(false, Optional.of(new Drafter.MtpLayer(true)), 0);
    }

    /// Prompt lookup, and a draft model where it finds nothing.
    ///
    /// @param model a GGUF file or a folder in the Hugging Face layout
    public static Drafting ofModel(Path model) {
        return new Drafting(true, Optional.of(new Drafter.SmallerModel(model)), 0);
    }

    /// Prompt lookup, and early exit where it finds nothing: the model's own first layers draft.
    ///
    /// @throws IllegalArgumentException if the number of layers is not positive
    public static Drafting ofFirstLayers(int count) {
        return new Drafting(true, Optional.of(new Drafter.FirstLayers(count)), 0);
    }

    /// The same with this number of draft tokens in every pass, whatever it costs.
    public Drafting withFixed(int count) {
        return new Drafting(ngrams, drafter, count);
    }

    /// The same without the MTP layer.
    public Drafting withoutLayer() {
        return new Drafting(ngrams, drafter.filter(d -> !(d instanceof Drafter.MtpLayer)), fixed);
    }

    /// Whether the MTP layer must draft.
    public boolean requiresLayer() {
        return drafter.orElse(null) instanceof Drafter.MtpLayer layer && layer.isRequired();
    }

    /// Whether tokens may be drafted at all.
    public boolean isOn() {
        return ngrams || drafter.isPresent();
    }
}
